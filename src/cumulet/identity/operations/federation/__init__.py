"""Identity providers, mappings, service providers, and logging in by them."""
