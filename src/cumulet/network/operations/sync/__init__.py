"""Making networks real: from the tables to the driver, and back."""

from .reconciler import Sync

__all__ = ["Sync"]
