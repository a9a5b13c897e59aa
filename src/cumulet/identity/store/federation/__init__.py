"""Identity providers, and which users come from them."""
