"""Snapshots on the wire: themselves, their metadata, and what can be done to them."""
