"""Taking a row out of a history where no number but sums hangs on it.

A sum can be subtracted from. A record, what it beat, the last day and the one kind of an exercise
can't: they follow from all other rows. Most workouts of a long history hold none of them.
"""

from collections.abc import Collection, Iterable, Mapping

from schemas.units import exact_sum
from services.analytics.rules import records as workout_records
from services.analytics.rules import set_records
from services.analytics.rules.history import Lifetime
from services.analytics.rules.metrics import HistoryRow
from services.analytics.rules.records import KINDS, Record
from services.analytics.rules.set_bests import Slot
from services.analytics.rules.set_records import SetRecord


def are_needed(
    rows: Collection[HistoryRow],
    whole: Lifetime,
    records: Mapping[str, Record | None],
    of_sets: Mapping[Slot, SetRecord | None],
) -> bool:
    """Return whether anything but sums hangs on rows, or may; the last day is not looked at.

    Args:
        rows: of the history, with their ``bests``.
        whole: the numbers of the history.
        records: its records by their kinds.
        of_sets: all of its records that are one set each.
    """
    # the only row of a kind may be among them; and without any row there are no numbers
    if whole.rep_type is None or whole.workouts <= len(rows):
        return True
    return any(_may_hold(row, records, of_sets) for row in rows)


def without(whole: Lifetime, rows: Iterable[HistoryRow]) -> Lifetime:
    """Return the numbers of a history without rows that are not needed."""
    for row in rows:
        whole = whole._replace(
            volume=exact_sum((whole.volume, -row.total_volume)),
            sets=whole.sets - row.total_sets,
            workouts=whole.workouts - 1,
        )
    return whole


def _may_hold(
    row: HistoryRow,
    records: Mapping[str, Record | None],
    of_sets: Mapping[Slot, SetRecord | None],
) -> bool:
    return any(
        workout_records.may_have_beaten(kind, records.get(kind), row) for kind in KINDS
    ) or any(
        set_records.may_have_beaten(slot, of_sets.get(slot), row, best)
        for slot, best in (row.bests or {}).items()
    )
