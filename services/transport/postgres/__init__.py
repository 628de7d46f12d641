"""PostgreSQL: statements that are prepared once a connection."""
