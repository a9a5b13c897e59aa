"""Tokens: what is sent for one, and what one says."""
