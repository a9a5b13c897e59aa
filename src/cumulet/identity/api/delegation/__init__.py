"""What people delegate: trusts, application credentials, credentials."""
