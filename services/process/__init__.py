"""What a process needs at its start: settings, budgets, failpoints, a container."""
