"""Block storage: volumes, and the attachments by which servers use them.

A volume is a file on one host (`host_id`), made, grown and quarantined by that host's agent. Its states:

    creating → available ⇄ reserved → attaching → in-use → detaching → available
    available → extending → available        (in-use → extending → in-use)
    available, error → deleting → gone       creating → error, deleting → error_deleting

Every change of state is a compare-and-set (safety T2): `store.volumes.move` names the states from which it is allowed. A volume
has at most one attachment (K3); an attachment carries a generation, and only its own server can use or end it (K9). An attached
volume is never deleted.

Compute calls `operations.attachments` and `operations.volumes` inside its own transactions; nobody else touches these tables.
"""
