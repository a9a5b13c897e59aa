"""What belongs to whom: domains, projects, users, groups, and policy documents."""
