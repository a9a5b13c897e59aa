"""What people let others, or programs, do for them."""
