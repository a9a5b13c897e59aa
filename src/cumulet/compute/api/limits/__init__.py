"""Limits and usage on the wire."""
