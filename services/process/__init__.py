"""Foundations of a process: settings, budgets, failpoints, the container."""
