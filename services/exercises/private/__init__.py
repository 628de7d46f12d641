"""Private exercises: those that a user has made, and nobody else sees."""
