"""Providers below hosts: what they have, and who holds which piece of it."""
