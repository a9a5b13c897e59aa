"""From a Keystone's database to ours: who people are, what they hold, and the passwords that they have.

`importing.bring_in` does all of it in one transaction, or nothing. Ids are kept, since other programs know them. What is there
already, by its id, is left as it is: a second run finds everything there. What has the same name and another id here (`admin`, the
roles of a new cloud) takes over the id of Keystone's, if nothing outside identity names it; otherwise it is a conflict.

What is not understood is refused by the name of its table, row or value, and nothing is imported.
"""
