"""Network: networks, subnets, ports, routers, floating IPs and security groups, and what OVN must know of them.

The tables here are the truth. Whoever changes something that OVN must know writes a row to the outbox `network_changes` in the same
transaction (`operations.changes.record`) and signals `network`; `operations.sync.Sync` drains it: it reads the present desired
state of each object named there, has the driver make it so, and only then deletes the rows. A failure keeps them and tries again
later; a full comparison at start and every few minutes repairs what somebody else broke. OVN's report that a port is up comes
back through `operations.ports.set_up`.

An address is taken by inserting it: (subnet, address) is unique in SQL, so that two ports can never hold one. A port's state is
`ACTIVE` when it is bound to a host and OVN says it is up there, otherwise `DOWN`. A port has one binding (safety T7); a server's
deletion deletes the ports that were made for it and frees those that the user brought. A network with DHCP has one port of its
own (`network:distributed`), through which its guests reach the metadata service. The project's `default` security group is made
when it is first needed.

Compute and the metadata service call `operations.ports`; nobody else touches these tables.
"""
