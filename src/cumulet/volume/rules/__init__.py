"""Pure decisions about volumes."""
