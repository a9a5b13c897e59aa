"""Where objects are kept: as files on the host, or, root disks only, as block images in a Ceph cluster.

protocol.py    what both can do
local.py       files
block.py       block images
choosing.py    which of them has an object
"""
