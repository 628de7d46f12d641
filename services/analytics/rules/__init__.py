"""What workouts say about a lifter: plain functions on plain values."""
