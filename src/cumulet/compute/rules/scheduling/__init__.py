"""Where a server may go, and where it had better go: plain functions over values.

`filters` remove hosts, each with a reason in words; `weighers` give each of the rest a number. What a host can hold is not decided
here but in the claim, in the same transaction.
"""
