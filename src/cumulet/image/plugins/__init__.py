"""What can be done to an image on its way from staging to the stores. Each plugin makes new staged bytes of those it is given."""
