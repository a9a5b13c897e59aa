"""Volume types on the wire: themselves, their extra specs, who may use them, and projects' defaults."""
