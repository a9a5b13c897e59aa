"""Identity's tables and statements."""
