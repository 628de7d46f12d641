"""PostgreSQL: an engine with its pool of connections, statements prepared once a connection."""
