"""The steps that workflows share."""
