"""What can be asked of images. Other services use `images.get` and `images.source`."""
