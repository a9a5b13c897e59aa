"""Volumes and ports of servers on the wire."""
