"""People and groups of domains that have a directory (LDAP).

The directory is the truth, and is asked each time: by logging in, showing, listing. What it answers is kept as ordinary users and
groups under ids that follow from the domain and the directory's own id, so that roles, trusts and tokens work as for anybody
else. By itself only who has logged in lately is kept up to date (`Directories.keep_up`). If no server answers, whatever concerns
that domain is `Unavailable`; the others go on.
"""
