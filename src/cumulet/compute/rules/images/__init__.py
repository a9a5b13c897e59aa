"""What images say of servers, and servers of images."""
