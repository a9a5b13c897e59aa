"""Placement: what each host has, who claims how much of it, and nothing else.

Owns the registry of hosts (C8) and the ledger (C1-C7, C11): providers, their inventories, traits and aggregates, and the
claims on them. A host's id is the id of its root provider. A provider's tree can be deeper: a NUMA cell or a network card
is a provider of its own.

One ledger. What is used is the sum of the claims and is stored nowhere else, so usage equals a recount by construction.
For each inventory:

    used <= floor((total - kept - unmanaged) * ratio)        at each commit that makes `used` grow

`kept` is the reserve, or what the host itself was measured to use if that is more (M19); `unmanaged` is what guests have that
nobody knows (C9); `ratio` is the inventory's, or a grant's until it ends (C3).

A claim is three statements in its caller's transaction: the consumer's epoch grows; the provider's generation grows, which
also locks the provider; the rows are inserted by one INSERT … SELECT that inserts all of them or none. Whoever holds the
provider's row is alone with its claims, so the guard cannot be outrun. An inventory may be shrunk below what is used: that
is recorded as a finding, with its cause, and blocks growth until it fits again.

Epochs outlive claims: a consumer's epoch grows with each claim it is granted and never goes back. Agents refuse what
carries a lower one. `consumers.generation` is the wire's compare-and-set and starts anew when the consumer holds nothing.

Nothing is "unset": each total, reserve and ratio is stored with its source (`host`, `default`, `config` or `api`). A host
that registers, or a changed configuration, updates only what nobody set by the API.

Compute, and the cloud's end of the agents' bus, call `operations.hosts` and `operations.claims`; nobody else writes here.
"""
