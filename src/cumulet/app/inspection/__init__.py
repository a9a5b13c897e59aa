"""What operators see of the ledger: a small API under `/operator/v1`, and the commands `explain`, `audit` and `overcommit`.

It is no OpenStack API and does not look like one. Everything it says is JSON; whoever is an administrator may ask.
"""
