"""Sockets and protocols: HTTP, AMQP, Redis and PostgreSQL, each with bounds on every wait."""
