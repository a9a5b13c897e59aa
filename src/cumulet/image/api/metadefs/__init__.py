"""Metadata definitions on the wire. https://docs.openstack.org/api-ref/image/v2/metadefs-index.html"""
