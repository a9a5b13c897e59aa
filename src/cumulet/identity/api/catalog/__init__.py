"""The catalog: regions, services, endpoints, and which endpoints are for which projects."""
