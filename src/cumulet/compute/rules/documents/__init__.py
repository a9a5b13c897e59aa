"""What a guest is told of itself: the metadata service's answers and the config drive's files are the same documents."""

from .facts import Facts
from .tree import answer, drive_files

__all__ = ["Facts", "answer", "drive_files"]
