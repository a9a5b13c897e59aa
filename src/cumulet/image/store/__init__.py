"""Image's tables and statements."""
