"""What nobody asks for but must happen, and what operators ask for: sweeping, quarantine, the cache."""
