"""Block images in a Ceph cluster, for the image service's store and for agents.

    client.py        how a cluster is reached
    libraries.py     the C functions
    pool.py          a pool: its images by name
    block_image.py   one open image

Nothing is imported here: a configuration needs no library.
"""
