"""The host's disks as files: cached images, root and extra disks, config drives, volumes, and the quarantine.

    layout.py      where what is, below the agent's state folder
    files.py       durable file operations, each a blocking function for a thread
    qemu_img.py    every call of qemu-img, with limits
    formats.py     what an image says of itself, and whether to trust it
    images.py      the cache of verified images
    sources.py     where an image's bytes come from
    making.py      how an object comes to be: ledger row, temporary file, atomic rename
    disks.py       what the agent's commands do to disks
    config_drive.py
    quarantine.py  where deleted things go, and the only place that removes any

A file has its final name only when it is whole and on disk. Nothing but the quarantine's purger deletes what was once whole,
and it asks the ledger first.
"""
