"""What an operator does from the command line: start, look, try, stop."""
