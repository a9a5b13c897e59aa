"""What is done with claims: moves, grants, and reading what happened."""
