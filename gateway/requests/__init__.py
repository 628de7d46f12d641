"""Reading what a client sent: path, query, headers and body."""
