"""Identity: who somebody is, and in which scope they hold which roles.

Owns domains, projects, users, groups, roles, assignments, the catalog (regions, services, endpoints and which of them are for which
projects), what people delegate (trusts, application credentials) and keep (credentials), limits and policy documents. A domain is a
project row with `is_domain`; its id is the domain's id. An assignment gives a user or a group a role on a project, a domain or the
whole system, or on all projects below one; roles imply others (admin → manager → member → reader). A role that belongs to a domain
is in no token: it only implies those that are.

A token is AES-256-GCM over a few fields (`tokens.py`, `keys.py`): nothing is stored when one is issued. Validating one reads the
user, the scope, the delegation and the roles as they are now, so that a removed role, a disabled project or a deleted trust takes
effect at once; the result is cached in the process until anything in identity changes (the `identity` signal). Revoking a token
stores its audit id until it would have expired anyway. A changed password makes every token older than it void.

Who acts by delegation holds no more than was delegated and is never turned into somebody who does: a trust's token becomes no other
token, an application credential's keeps its project, its roles and its access rules, and neither of them reaches credentials of
other projects. Trusts make no application credentials, application credentials no trusts.

Users may come from elsewhere: an identity provider vouches for them (`openid/`, or a proxy in front), a mapping (`mapping/`) says
who they are here, and a row is kept of each. Their tokens name the provider and are void without it. The groups that it gives count
in the tokens of a log-in, and for what its users delegate as long as the provider is believed.

Credentials are sealed under a ring of keys of their own, each bound to its row. Passwords are hashes; so are the secrets of
application credentials, which are shown once.

Every list is narrowed to what the actor may see: somebody with a domain's token sees that domain, somebody with a project's only
what is theirs. A rule that looks at a resource is asked after the resource was read, in the same transaction (`api/targets.py`).

Anyone may call `operations.tokens` (to authenticate) and read `operations.projects`; nobody else touches these tables.
"""
