"""What can be asked of placement: hosts and claims by the other services, the rest by placement's own API."""
