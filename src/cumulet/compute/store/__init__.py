"""Compute's tables and statements."""
