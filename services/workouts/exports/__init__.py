"""A user's workouts as files that they take along: for Strong, for Hevy, and whole as JSON."""
