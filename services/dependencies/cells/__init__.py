"""Cells, as callers and the services in them know of them (docs/scaling.md#cells).

- :mod:`.states`: the table of a cell's databases, and the errors of triggers.
- :mod:`.routing`: finds the cell that has a user.
- :mod:`.guard`: refuses calls for users whom another cell has.
- :mod:`.holding`: whether what a worker has read may be kept.
"""
