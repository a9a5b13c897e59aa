"""Volume's tables and statements."""
