"""What can be asked of block storage."""
