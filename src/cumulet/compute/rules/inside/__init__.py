"""What a flavor wants inside a host: devices by alias, and groups of resources that come from one provider each."""
