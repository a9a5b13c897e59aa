"""What the ledger remembers beside claims: its history, grants, moves under way."""
