"""Flavors, their extra specs and who may use them, on the wire."""
