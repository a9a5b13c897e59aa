"""What can be asked of compute."""
