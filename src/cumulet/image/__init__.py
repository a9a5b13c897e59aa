"""Images: what servers and volumes are made from.

Owns images (their record and their bytes), tags, custom properties and members. The record is SQL (`store/`), the bytes are files
(`bytes.py`).

    queued --upload begins--> saving --hashes verified--> active <--> deactivated
    saving --failed, cut, wrong size, stalled--> queued
    any --deleted--> deleted --purger, after a grace--> gone

What holds at every moment:
- Each change of status is one compare-and-set statement (`store/transitions.py`).
- An image is active only when its bytes are complete, flushed to disk and hashed. An upload writes under a key of its own
  (`<image>.<attempt>`); the statement that makes the image active also names that key. Whatever no image names was left by a failed
  attempt, and is swept away.
- The bytes of an image that is not active cannot be read, by anybody: not downloaded, not handed to an agent.
- Deleting moves the bytes into quarantine, from which one command restores them. The sweeper (`operations/sweep.py`) alone removes
  them.
- An upload that makes no progress for a while is given up: no image stays in `saving`.

Anyone may call `operations.images.get` and `operations.images.source`; nobody else touches these tables and files.
"""
