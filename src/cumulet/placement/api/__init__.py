"""Placement on the wire. https://docs.openstack.org/api-ref/placement/"""
