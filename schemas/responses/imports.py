"""Responses about imports of histories."""

from marshmallow import fields

from schemas.imports import NEW, STATUSES
from schemas.measures import MEASURES
from schemas.responses.base import (
    ResponseSchema,
    always_true,
    choice,
    count,
    identifier,
    list_of,
    one_or_null,
    options,
    text,
    timestamp,
)


def _object(description: str, *, null: bool) -> fields.Dict:
    return fields.Dict(keys=fields.String(), **options(description, null))


class StartedImport(ResponseSchema):
    """An import on which work goes on after the response."""

    id = identifier()
    status = choice(STATUSES)


class DeletedImport(ResponseSchema):
    """An import that is gone."""

    id = identifier()
    deleted = always_true()


class ImportCounts(ResponseSchema):
    """What is in the file, beside what was imported before."""

    workouts = count()
    sets = count()
    new = count("Workouts that are not here.")
    same = count("Workouts that are here already.")
    changed = count("Workouts that were imported, and are another now.")
    likely_same = count("Workouts that are likely here, by another app's export.")
    deleted = count("Workouts that were imported, and deleted since.")


class ListedImport(ResponseSchema):
    """How far an import is."""

    id = identifier()
    name = text("What it was called when it was sent.", null=True)
    source = text("The app that has written the file, once it is read.", null=True)
    status = choice(STATUSES)
    waits_for = identifier("The import that is worked on before.", null=True)
    progress = count("In percent of what is being done.")
    counts = one_or_null(ImportCounts)
    added = count("Workouts that it has made.")
    updated = count("Workouts that it has changed.")
    kept = count("Workouts that the undo has left.")
    error = _object("Why it failed, or could not go on: at least a `message`.", null=True)
    created_at = timestamp()
    applied_at = timestamp(null=True)


class RecognisedFile(ResponseSchema):
    """What a file was found to be."""

    source = text()
    encoding = text()
    delimiter = text("Null if the file is no table.", null=True)
    language = text("Of the header; null if the places of columns told what they are.", null=True)
    month_language = text("Null if months have no names in it.", null=True)
    decimal_mark = text()
    weight_unit = text("As the header names it.", null=True)
    distance_unit = text("As the header names it.", null=True)


class FileFinding(ResponseSchema):
    """Something about one line of a file."""

    line = count()
    field = text("What the column means; empty for the line as a whole.")
    message = text()
    constraint = text("The rule that is broken.")
    received = text("The cell.")


class ExerciseChoice(ResponseSchema):
    """An exercise that a name may mean."""

    id = identifier()
    name = text()


class ImportedName(ResponseSchema):
    """A name of an exercise in a file, and what it would become."""

    name = text()
    sets = count()
    measure = choice(MEASURES, "By what its sets hold.")
    why = choice(
        ["exact", "alias", "words", "learned", NEW, "ask"],
        "`ask`: say which exercise it is, or that it is `new`; `learned`: you have said so before.",
    )
    exercise_id = identifier(null=True)
    exercise_name = text(null=True)
    choices = list_of(ExerciseChoice, "Those to choose from, where it is asked.")


class Import(ListedImport):
    """An import with all that is known of its file."""

    recognised = one_or_null(RecognisedFile)
    needs = list_of(fields.String(), "What must be given to apply it.")
    options = _object("What was said of the file, and how it is to be applied.", null=False)
    faults = list_of(FileFinding, "Lines that can't be taken, at most 100.")
    fault_count = count()
    warnings = list_of(FileFinding, "Values that were left out or changed, at most 100.")
    warning_count = count()
    names = list_of(ImportedName, "Those to ask for first.")
