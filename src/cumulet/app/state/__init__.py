"""The state folder and the database, for commands that work on them themselves: beside a cloud that runs, or without one."""
