"""From what somebody shows (a password, a token, a secret, a code) to a token of theirs."""
