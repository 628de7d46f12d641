"""What webhooks are told of: the ``data`` of each type of message."""

from marshmallow import fields

from schemas.responses.base import (
    ResponseSchema,
    amount,
    choice,
    count,
    day,
    identifier,
    one_or_null,
    options,
    text,
    week,
)
from schemas.responses.imports import ImportCounts
from schemas.responses.stats import RECORD_UNITS, WeeklySummary
from schemas.stats import RECORD_KINDS
from schemas.webhooks import (
    IMPORT_COMPLETED,
    RECORD_REVOKED,
    RECORD_SET,
    TEST,
    WEEKLY_SUMMARY,
    WORKOUT_CREATED,
    WORKOUT_DELETED,
    WORKOUT_UPDATED,
)


class ToldWorkout(ResponseSchema):
    """A workout that was logged, changed or deleted."""

    workout_id = identifier()
    user_id = identifier()
    version = count(
        "Of two messages the one with the higher version is the later one, but a deletion is "
        "always the last: it has the version of the change before it, and no other workout gets "
        "the id."
    )
    date = day()


class ToldBest(ResponseSchema):
    """A record as it stands or stood."""

    value = amount()
    unit = choice(RECORD_UNITS)
    achieved_date = day()
    workout_id = identifier()


class ToldRecord(ResponseSchema):
    """A record that was set, or stands no more."""

    user_id = identifier()
    exercise_id = identifier()
    exercise_name = text()
    kind = choice(RECORD_KINDS)
    weight_kg = amount("Of `longest_at`: the weight that was held for so long.", null=True)
    old = one_or_null(ToldBest, "What stood before; null if there was none.")
    new = one_or_null(ToldBest, "What stands now; null if there is none.")
    workout_id = identifier("The workout that was logged, changed or deleted.")


class ToldImport(ResponseSchema):
    """An import that was applied or undone."""

    user_id = identifier()
    import_id = identifier()
    status = choice(["applied", "undone"])
    source = text("The app that has written the file.")
    counts = fields.Nested(ImportCounts, **options("", null=False))
    added = count("Workouts that it has made.")
    updated = count("Workouts that it has changed.")
    kept = count("Workouts that the undo has left.")


class ToldWeek(ResponseSchema):
    """A week that has ended."""

    user_id = identifier()
    week = week("By ISO 8601.")
    summary = fields.Nested(WeeklySummary, **options("", null=False))


class ToldTest(ResponseSchema):
    """A test that the webhook's owner has asked for."""

    webhook_id = identifier()


TOLD: dict[str, type[ResponseSchema]] = {
    WORKOUT_CREATED: ToldWorkout,
    WORKOUT_UPDATED: ToldWorkout,
    WORKOUT_DELETED: ToldWorkout,
    RECORD_SET: ToldRecord,
    RECORD_REVOKED: ToldRecord,
    IMPORT_COMPLETED: ToldImport,
    WEEKLY_SUMMARY: ToldWeek,
    TEST: ToldTest,
}
"""The schema of what each type of message tells."""
