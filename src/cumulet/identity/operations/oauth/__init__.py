"""OAuth: 1.0 with consumers to whom users give some of their roles, and 2.0's client credentials."""
