"""Reading our own exports, which are JSON: bytes to workouts, without storage or services."""
