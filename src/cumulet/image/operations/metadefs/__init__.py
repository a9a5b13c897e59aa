"""What can be asked of metadata definitions. Whatever is protected is protected by its namespace."""
