"""A directory (LDAP, RFC 4511) whose people log in here; it is read, never written.

`settings` says where it is and what its attributes mean, `client` asks it, `entries` makes people and groups of what it answers.
"""
