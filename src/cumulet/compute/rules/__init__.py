"""Compute's decisions, as pure functions of values."""
