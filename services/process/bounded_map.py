"""A dictionary with a maximum size."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedMap(OrderedDict[K, V]):
    """A dictionary of at most ``most`` entries: another one evicts the oldest.

    An entry that is set again keeps its age. For an LRU cache, call ``move_to_end`` with each use.
    Only ``__setitem__`` is overridden: look-ups are on hot paths and stay in C.
    """

    def __init__(self, most: int):
        super().__init__()
        self.most = most

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > self.most:
            self.popitem(last=False)

    def remove_where(self, is_meant: Callable[[K, V], bool]) -> None:
        """Remove the entries for whose key and value a function returns True."""
        for key in [key for key, value in self.items() if is_meant(key, value)]:
            del self[key]
