"""This machine: what it lacks, what works on it, and how to get the rest."""
