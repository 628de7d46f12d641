"""What became of the workouts: history, records, trend and progress."""
