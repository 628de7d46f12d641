"""Workouts: what lifters logged, and the feed of what changed."""
