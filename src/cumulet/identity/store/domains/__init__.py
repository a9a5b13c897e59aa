"""What belongs to domains."""
