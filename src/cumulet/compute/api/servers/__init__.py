"""Servers on the wire. https://docs.openstack.org/api-ref/compute/#servers-servers"""
