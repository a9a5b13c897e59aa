"""Which pieces of an inventory a claim holds."""
