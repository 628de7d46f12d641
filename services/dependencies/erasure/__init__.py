"""Erasing what a service holds of an account that was deleted (docs/erasure.md).

- :mod:`.fence`: tombstones, and the triggers that refuse rows of users who have one.
- :mod:`.tombstones`: who is erased, and how far that is.
- :mod:`.tables`: the tables that a service declares, and how their rows are deleted.
- :mod:`.eraser`: does all of it, in the order that makes it final.
- :mod:`.methods`: what a service inherits: the handler of the event, and the timer.
"""
