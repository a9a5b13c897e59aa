"""Block storage's long-running operations, one file each."""
