"""A dictionary that can't grow without end."""

from collections import OrderedDict
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedMap(OrderedDict[K, V]):
    """At most so many entries: one more displaces the oldest.

    An entry that is set again keeps its age. To displace the least recently used one instead, call
    ``move_to_end`` with each use. Only setting an item is other than in a dictionary; looking one
    up runs in C, as hot paths do it for each request.

    Args:
        most: how many entries.
    """

    def __init__(self, most: int):
        super().__init__()
        self.most = most

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > self.most:
            self.popitem(last=False)
