"""Roles and who holds them."""
