"""Hosts on the wire: hypervisors, services, aggregates, availability zones."""
