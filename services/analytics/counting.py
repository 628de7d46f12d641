"""Which workouts this process has counted, and whose numbers it is counting right now."""

from collections import Counter, OrderedDict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from eventlet.event import Event
from nameko.extensions import DependencyProvider

from services.process import budgets
from services.transport.timeouts import wait_for

MOST_WORKOUTS = 10_000
"""How many counted versions are held: an event that comes twice, or after the feed, does so within
seconds, so more would only take memory."""


class CountedWorkouts(DependencyProvider):
    """Spares a second count of the same version, and lets reads wait for a count that is under way.

    Each process has its own: it knows nothing of what another process counts. So this is a
    shortcut and never a promise; the database decides what is counted.
    """

    def __init__(self) -> None:
        self._versions: OrderedDict[int, int] = OrderedDict()
        self._in_progress: dict[int, Event] = {}
        # a number and not a set: events and the feed may count one user at the same time
        self._countings: Counter[int] = Counter()

    def get_dependency(self, worker_ctx: object) -> "CountedWorkouts":
        """Return the provider itself: all workers of the process share it."""
        return self

    @contextmanager
    def counting(self, workouts: Collection[dict], user_ids: Collection[int]) -> Iterator[None]:
        """Surround the counting of a batch; when it ends well, its workouts are counted.

        Args:
            workouts: whole ones, each with ``id`` and ``version``.
            user_ids: whose numbers change, by the workouts or by deletions.
        """
        versions = {workout["id"]: workout["version"] for workout in workouts}
        done = Event()
        self._in_progress |= dict.fromkeys(versions, done)
        self._countings.update(user_ids)
        try:
            yield
            self.note(versions)
        finally:
            self._countings -= Counter(user_ids)
            for workout_id in versions:
                if self._in_progress.get(workout_id) is done:
                    del self._in_progress[workout_id]
            # an Event of eventlet is sent once, and wait_for sends one that took too long
            if not done.ready():
                done.send()

    def covers(self, workout_id: int, version: object) -> bool:
        """Return whether a version of a workout, or a later one, is counted.

        If the workout is being counted, wait for the end first.

        Args:
            workout_id: of the workout.
            version: as an event gives it; anything but an integer is not counted.
        """
        done = self._in_progress.get(workout_id)
        if done is not None:
            wait_for(done, budgets.INNER_RPC_SECONDS)
        return type(version) is int and self._versions.get(workout_id, -1) >= version

    def is_counting(self, user_id: int) -> bool:
        """Return whether a user's numbers are being counted, so that a read should wait a moment.

        Without the wait, a user who logs a workout and reads at once would see the old numbers.
        """
        return user_id in self._countings

    def note(self, versions: Mapping[int, int]) -> None:
        """Note that versions are counted, by the ids of their workouts."""
        for workout_id, version in versions.items():
            known = self._versions.pop(workout_id, version)
            self._versions[workout_id] = max(known, version)
        while len(self._versions) > MOST_WORKOUTS:
            self._versions.popitem(last=False)
