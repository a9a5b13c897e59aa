"""Roles, who was given them, and who holds them in effect."""
