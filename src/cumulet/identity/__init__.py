"""Identity: who somebody is, and in which scope they hold which roles.

Owns domains, projects, users, roles, assignments and the catalog (regions, services, endpoints). A domain is a project row with
`is_domain`; its id is the domain's id. An assignment gives a user (or group) a role on a project, a domain or the whole system;
roles imply others (admin → manager → member → reader).

A token is AES-256-GCM over a few fields (`tokens.py`): nothing is stored when one is issued. Validating one reads the user, the
scope and the roles as they are now, so that a removed role or a disabled project takes effect at once; the result is cached in
the process until anything in identity changes (the `identity` signal). Revoking a token stores its audit id until it would have
expired anyway. A changed password makes every token older than it void.

Anyone may call `operations.tokens` (to authenticate) and read projects; nobody else touches these tables.
"""
