"""The composition root: what is plugged into what, the configuration, and the command line."""
