"""Upstream's own suites and clients against a cloud of ours."""
