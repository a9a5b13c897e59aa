"""OS-FEDERATION: identity providers, protocols, mappings, service providers, and logging in by them."""
