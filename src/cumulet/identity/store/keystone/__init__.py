"""A Keystone's database, to read from; and how what was read gets into our own tables."""
