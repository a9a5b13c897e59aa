"""Cumulet: the OpenStack core in one program that you can read."""
