"""PostgreSQL: the engine with its pool of connections, and statements prepared once a connection."""
