"""Workouts that this process has counted lately, or is counting."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from eventlet.event import Event

from services.process import budgets
from services.transport.timeouts import wait_for

MOST_WORKOUTS = 10_000


class CountedWorkouts:
    """Knows what need not be asked for and counted, because it was a moment ago."""

    def __init__(self) -> None:
        self._versions: OrderedDict[int, int] = OrderedDict()
        self._under_way: dict[int, Event] = {}

    @contextmanager
    def counting(self, workouts: Iterable[dict]) -> Iterator[None]:
        """Surround the counting of workouts; when it ends well, they are counted."""
        told = {workout["id"]: workout["version"] for workout in workouts}
        done = Event()
        self._under_way |= dict.fromkeys(told, done)
        try:
            yield
            self._note(told)
        finally:
            for workout_id in told:
                if self._under_way.get(workout_id) is done:
                    del self._under_way[workout_id]
            # whoever has waited long enough has it sent
            if not done.ready():
                done.send()

    def covers(self, workout_id: int, version: object) -> bool:
        """Tell whether a version of a workout, or a later one, is counted.

        If it is being counted the end is waited for.
        """
        done = self._under_way.get(workout_id)
        if done is not None:
            wait_for(done, budgets.INNER_RPC_SECONDS)
        return type(version) is int and self._versions.get(workout_id, -1) >= version

    def _note(self, told: dict[int, int]) -> None:
        for workout_id, version in told.items():
            known = self._versions.pop(workout_id, version)
            self._versions[workout_id] = max(known, version)
        while len(self._versions) > MOST_WORKOUTS:
            self._versions.popitem(last=False)
