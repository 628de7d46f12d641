"""A ``nameko shell`` with the services' names, signatures and docstrings."""
