"""Compute: servers, and what they are made of.

Owns servers, their disks' records, flavors, keypairs, server groups, the log of what was done to each server, the projects' limits
and usage. A server's ports are network's, its volumes volume's, the memory it may use placement's: compute remembers their ids and
asks for them in the same transaction. Hosts are placement's too; compute numbers them, and groups them into aggregates.

A server has a *state* (what it is), a *task* (what is being done to it, None if nothing) and a *power* (what its host last saw);
`rules.states` turns the three into what clients read. Only two things write the state: workflows, and `operations.guests.observe`
when no task is under way. Each server has at most one exclusive workflow (create, delete, start, stop, reboot); attaching volumes
and ports are workflows of their own. All of one server take turns.

Invariants. A server with a host has a claim there (C2), made in the transaction that sets the host; the claim is released in the
one that clears it. Usage counts every server that is not deleted, in the transaction that makes or deletes it (C12). A disk's row
says where the disk is only after the agent has made it; a missing disk is never made again (K4). Deleting a server frees everything
else first, and its claim last.

A host is in one availability zone, and in no other while servers are on it. No two members of a server group choose a host at the
same moment.

Callers: HTTP (`api`), the agents' reports (`operations.guests`, `operations.metadata`).
"""
