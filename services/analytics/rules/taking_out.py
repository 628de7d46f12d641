"""Taking a row out of a history where no number but sums hangs on it.

A sum can be subtracted from. A record, what it beat, the last day and the one kind of an exercise
can't: they follow from all other rows. Most workouts of a long history hold none of them.
"""

from collections.abc import Mapping

from schemas.units import exact_sum
from services.analytics.rules import records as workout_records
from services.analytics.rules import set_records
from services.analytics.rules.history import Lifetime
from services.analytics.rules.metrics import HistoryRow
from services.analytics.rules.records import KINDS, Record
from services.analytics.rules.set_bests import Slot
from services.analytics.rules.set_records import SetRecord


def holds_nothing(
    row: HistoryRow,
    whole: Lifetime,
    records: Mapping[str, Record | None],
    of_sets: Mapping[Slot, SetRecord | None],
) -> bool:
    """Return whether all records stand without a row, and what they beat does.

    Args:
        row: of the history, with its ``bests``.
        whole: the numbers of the history.
        records: its records by their kinds.
        of_sets: all of its records that are one set each.
    """
    # the row may be the only one of its kind
    if whole.rep_type is None:
        return False
    return not any(
        workout_records.may_have_beaten(kind, records.get(kind), row) for kind in KINDS
    ) and not any(
        set_records.may_have_beaten(slot, of_sets.get(slot), row, best)
        for slot, best in (row.bests or {}).items()
    )


def without(whole: Lifetime, row: HistoryRow) -> Lifetime:
    """Return the numbers of a history without a row that holds nothing and is not the last."""
    return whole._replace(
        volume=exact_sum((whole.volume, -row.total_volume)),
        sets=whole.sets - row.total_sets,
        workouts=whole.workouts - 1,
    )
