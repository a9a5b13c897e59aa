"""Directories, as far as anything of them is kept here."""
