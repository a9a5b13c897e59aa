"""Limits of projects and domains, and what is registered for all."""
