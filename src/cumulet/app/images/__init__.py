"""`cumulet image …`: what operators do with images from the command line, through the API."""

from .commands import image_app

__all__ = ["image_app"]
