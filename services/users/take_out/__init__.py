"""Everything that the system holds of a user, as a zip for them to take along."""
