"""How placement writes the names of classes and traits that operators chose."""

from __future__ import annotations

from ...topology.stock import normal_class, normal_trait

__all__ = ["normal_class", "normal_trait"]
