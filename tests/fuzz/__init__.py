"""Fuzzing: hostile input, far more of it than the fast suite has time for."""
