"""Upstream's declarative HTTP suite for placement, over HTTP against ours."""
