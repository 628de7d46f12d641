"""Making the summaries of a week that has ended, of several users at once."""

from collections.abc import Mapping
from datetime import date

from services.analytics import processing, summary_rows, week_reads
from services.analytics.rules.changes import ExerciseKey
from services.analytics.week_reads import Settings, WeekOfUser
from services.dependencies.database import Database
from services.transport.postgres.statements import Statement

# so that all numbers of a summary are of one moment; nothing is written, so nothing can fail by it
_AS_OF_ONE_MOMENT = Statement("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", prepared=False)


def summarise(database: Database, monday: date, settings: Mapping[int, Settings]) -> int:
    """Make the summaries of a week that are not there yet, and return how many were made.

    Who has not trained in the week gets none.

    Args:
        database: analytics' own.
        monday: the week's.
        settings: of each user, by their ids.
    """
    found = _read(database, monday, settings)
    outdated = [(user_id, key) for user_id, week in found.items() for key in week.outdated]
    if outdated:
        _recount(database, outdated)
        found = _read(database, monday, settings)
    summaries = {
        user_id: week.summary(monday, False, settings[user_id])
        for user_id, week in found.items()
        if monday in week.snapshots
    }
    return summary_rows.write(database.fetch, monday, summaries)


def _read(
    database: Database, monday: date, settings: Mapping[int, Settings]
) -> dict[int, WeekOfUser]:
    with database.together() as transaction:
        transaction.send(_AS_OF_ONE_MOMENT)
        return week_reads.weeks_of_users(transaction.fetch, monday, settings)


def _recount(database: Database, exercises: list[ExerciseKey]) -> None:
    for exercise in exercises:
        with database.together() as transaction:
            processing.recount_exercises(transaction.fetch, transaction.send, [exercise])
