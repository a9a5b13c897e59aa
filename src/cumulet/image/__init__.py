"""Images: what servers and volumes are made from.

Owns images (their record and their bytes), tags, custom properties, members, locations and tasks. The record is SQL (`store/`), the
bytes are in byte stores (`bytestores/`): files, S3, web servers; one image can be in several.

    queued --upload begins--> saving --hashes verified--> active <--> deactivated
    queued --staging begins--> uploading --import begins--> importing --hashes verified--> active
    queued --import from elsewhere, or a location is named--> importing
    saving, uploading, importing --failed, cut, wrong size, stalled--> queued
    any --deleted--> deleted --purger, after a grace--> gone

What holds at every moment:
- Each change of status is one compare-and-set statement (`store/transitions.py`).
- An image is active only when its bytes are complete, durable and hashed. An attempt writes under a key of its own
  (`<image>.<attempt>`); the transaction that makes the image active also names that key, as a location. Whatever no image names was
  left by a failed attempt, and is swept away.
- The bytes of an image that is not active cannot be read, by anybody: not downloaded, not handed to an agent.
- Deleting moves the bytes into quarantine, from which one command restores them. The sweeper (`operations/sweep.py`) alone removes
  them.
- An upload that makes no progress for a while is given up, and an import is a workflow: no image stays in `saving` or `importing`.
  One that was staged waits in `uploading` for its import.

Anyone may call `operations.images.get` and `operations.images.source`; nobody else touches these tables and bytes.
"""
