"""Speed and memory, beside the budgets of docs/architecture."""
