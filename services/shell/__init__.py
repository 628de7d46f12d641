"""A ``nameko shell`` that knows the services: what they are called, what they take and return."""
