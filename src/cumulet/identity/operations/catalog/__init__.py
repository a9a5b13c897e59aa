"""Regions, services, endpoints, groups of endpoints, and the catalog that tokens carry."""

from .published import Catalog

__all__ = ["Catalog"]
