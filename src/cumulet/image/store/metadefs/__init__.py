"""The tables of metadata definitions."""
