"""Restoring the databases of services from a backup, but for the copying itself.

``python -m services.restoring begin users workouts …`` empties them, and ``finish`` makes what was
put into them fit to go on with. In between and while either is under way no service starts on them.
"""
