"""OVN as the only network driver: its central daemons, and the northbound database that holds what networks should be.

`central` runs the databases and northd. `northbound` is the connection. Everything between the model and the database is pure:
one module per noun turns a Struct of `network.model` into rows, `converge` turns rows into the operations that are still missing.
An API object's UUID is its row's UUID, and rows that belong to it have UUIDs derived from it: doing anything twice is harmless.
"""
