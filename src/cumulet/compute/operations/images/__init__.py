"""From servers to images."""
