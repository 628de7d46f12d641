"""The exercise catalogue: its data, its search, and the service that answers for it."""
