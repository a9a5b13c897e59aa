"""What can be asked of servers."""
