"""What can be asked of the volumes and ports of servers."""
