"""What is shown of exercises."""

from marshmallow import fields

from schemas.exercises import CATEGORIES, COUNTED, DIFFICULTIES, REP_TYPES
from schemas.responses.base import Shown, choice, count, identity, instant, options, several, words


class Exercise(Shown):
    """An exercise of the catalogue."""

    id = identity()
    name = words()
    slug = words("The name as it stands in addresses.")
    aliases = several(fields.String(), "Other names.")
    description = words(null=True)
    instructions = words("Numbered steps, one a line.", null=True)
    category = choice(CATEGORIES)
    body_part = words(null=True)
    primary_muscles = several(fields.String())
    secondary_muscles = several(fields.String())
    equipment = words("The main piece.", null=True)
    all_equipment = several(fields.String(), "Every piece, the main one first.")
    difficulty = choice(DIFFICULTIES, null=True)
    rep_type = choice(REP_TYPES, "What the `reps` of a set count.")
    unit = choice(COUNTED, "The unit of `reps`.")
    is_active = fields.Boolean(
        **options("Inactive ones are in no list; old workouts show them.", False)
    )
    external_source = words("`manual`, or where it was imported from.")
    external_id = words("Its id there.", null=True)
    license = words(null=True)
    license_author = words(null=True)
    created_at = instant()
    updated_at = instant()


class FacetValue(Shown):
    """A value to filter by, and how many exercises have it."""

    value = words()
    count = count("Active exercises that have it and pass the query's filters.")


class Facets(Shown):
    """What the catalogue can be filtered by: the most frequent value first."""

    category = several(FacetValue)
    body_part = several(FacetValue)
    equipment = several(FacetValue, "An exercise counts for each of its pieces.")
    difficulty = several(FacetValue)
    muscles = several(FacetValue, "Primary or secondary; an exercise counts for each.")
