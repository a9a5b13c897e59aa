"""Placement's tables and statements."""
