"""Explanations for operators: every byte of a host, every decision about a server, and a recount of everything.

They only read. What they tell is what the ledger, its history and the agents say at this moment.
"""
