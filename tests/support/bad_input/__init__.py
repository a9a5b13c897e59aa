"""What clients should not send: one of everything in a cloud, every body that a route takes, and a judge of the answers."""
