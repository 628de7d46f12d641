"""Redis: one connection a process, on which commands follow each other without waiting."""
