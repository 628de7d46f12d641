"""Sleeping in a process of libfaketime, as Python finds it at its start.

Its ``clock_nanosleep`` fails where the monotonic clock is left alone, and ``select`` does not.
"""

import sys
import time
import types
from select import select


def sleep(seconds):
    """Do nothing for so long."""
    select([], [], [], seconds)


time.sleep = sleep
# where eventlet looks for the module as it was before it changed it
sys.modules["__original_module_time"] = types.ModuleType("time")
sys.modules["__original_module_time"].__dict__.update(time.__dict__)
