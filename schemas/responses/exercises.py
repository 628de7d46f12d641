"""Responses about exercises."""

from marshmallow import fields

from schemas.exercises import CATEGORIES, COUNTED, DIFFICULTIES, REP_TYPES
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


class OwnDetails(ResponseSchema):
    """What you have noted of an exercise of the catalogue for yourself."""

    primary_muscles = list_of(fields.String(), null=True)
    secondary_muscles = list_of(fields.String(), null=True)
    notes = text(null=True)


class Exercise(ResponseSchema):
    """An exercise of the catalogue, or one of your own."""

    id = identifier()
    name = text()
    slug = text("The name as it stands in addresses.")
    aliases = list_of(fields.String(), "Other names.")
    description = text(null=True)
    instructions = text("Numbered steps, one a line.", null=True)
    category = choice(CATEGORIES)
    body_part = text(null=True)
    primary_muscles = list_of(fields.String())
    secondary_muscles = list_of(fields.String())
    equipment = text("The main piece.", null=True)
    all_equipment = list_of(fields.String(), "Every piece, the main one first.")
    difficulty = choice(DIFFICULTIES, null=True)
    measure = choice(
        MEASURES,
        "What a set holds. The weight of `bodyweight_reps` is what is added, that of "
        "`assisted_reps` what is taken off.",
    )
    rep_type = choice(REP_TYPES, "What the `reps` of a set count; follows from `measure`.")
    unit = choice(COUNTED, "The unit of `reps`.")
    is_active = fields.Boolean(
        **options("Inactive ones are in no list; old workouts show them.", False)
    )
    external_source = text("`manual`, `private`, or where it was imported from.")
    external_id = text("Its id there.", null=True)
    license = text(null=True)
    license_author = text(null=True)
    created_at = timestamp()
    updated_at = timestamp()
    owner = choice(["me"], "`me` of your own exercises, which nobody else sees.", null=True)
    notes = text("Yours, of your own exercises.", null=True)
    merged_into = identifier(
        "The exercise that has what was logged of this one; only of your own.", null=True
    )
    mine = one_or_null(OwnDetails, "What you have noted of one of the catalogue.")


class SimilarExercise(ResponseSchema):
    """An exercise of the catalogue that may be the same."""

    id = identifier()
    name = text()


class NewExerciseDetails(ResponseSchema):
    """What to know about an exercise that was just made."""

    similar = list_of(
        SimilarExercise, "Those that have all words of its name in theirs, at most 3."
    )


class NewPrivateExercise(Exercise):
    """A new exercise of your own."""

    details = fields.Nested(NewExerciseDetails, **options("", False))


class DeletedExercise(ResponseSchema):
    """An exercise of your own that is gone."""

    id = identifier()
    deleted = always_true()


class FacetValue(ResponseSchema):
    """A value to filter by, and how many exercises have it."""

    value = text()
    count = count("Active exercises that have it and pass the query's filters.")


class Facets(ResponseSchema):
    """What the catalogue can be filtered by: the most frequent value first."""

    category = list_of(FacetValue)
    body_part = list_of(FacetValue)
    equipment = list_of(FacetValue, "An exercise counts for each of its pieces.")
    difficulty = list_of(FacetValue)
    measure = list_of(FacetValue)
    muscles = list_of(FacetValue, "Primary or secondary; an exercise counts for each.")
