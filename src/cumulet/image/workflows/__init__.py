"""Images' long-running operations, one file each."""
