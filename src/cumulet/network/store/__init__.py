"""Network's SQL."""
