"""What takes longer than a request: one file, one workflow."""
