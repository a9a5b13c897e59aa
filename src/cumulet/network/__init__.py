"""Networks: what projects can ask for, and how it becomes packets."""
