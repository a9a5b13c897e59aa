"""Block images in a Ceph cluster, for the image service's store and for agents.

libraries.py     the C functions
pool.py          a pool: its images by name
block_image.py   one open image
"""

from .block_image import BlockImage
from .pool import Client, Pool, Room

__all__ = ["BlockImage", "Client", "Pool", "Room"]
