"""Reading the exercises that names can mean from PostgreSQL."""

from collections.abc import Iterable
from typing import Any

from services.exercises.reads import USE_INDEXES
from services.exercises.rules import titles
from services.exercises.rules.words import split
from services.exercises.tables import MEASURE
from services.transport.postgres.statements import Fetch, Statement

_CATALOGUE = """
    SELECT json_build_object('id', e.id, 'name', e.name, 'slug', e.slug, 'aliases', e.aliases,
        'all_equipment', e.all_equipment, 'measure', {measure}, 'source', e.external_source)
    FROM exercises e WHERE e.is_active AND {condition} ORDER BY e.id
"""

_BY_SLUG = Statement(
    "SELECT e.slug, e.id FROM exercises e "
    "WHERE e.is_active AND e.external_source = :source AND e.slug = ANY(:slugs)"
)

_BY_TITLE = Statement(
    _CATALOGUE.format(measure=MEASURE, condition="e.title_keys && CAST(:title_keys AS text[])"),
    prepared=False,
)

_OWN = Statement(
    """
    SELECT json_build_object('id', p.id, 'name', p.name, 'unique_name', p.unique_name,
        'equipment', p.equipment, 'measure', p.measure, 'is_active', p.archived_at IS NULL)
    FROM private_exercises p WHERE p.owner_id = :owner_id AND p.merged_into IS NULL ORDER BY p.id
    """
)


def ids_by_slug(fetch: Fetch, source: str, slugs: list[str]) -> dict[str, int]:
    """Return the ids of active exercises of a source, by their slugs; unknown ones are left out."""
    return dict(fetch(_BY_SLUG, source=source, slugs=slugs))


def with_title(fetch: Fetch, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the active exercises of the catalogue with the words of a name but for equipment.

    Args:
        fetch: of a transaction, for whose length the planner's settings are changed.
        names: the names. All exercises are returned that any of them can mean, and some more.
    """
    keys = {key for name in names for key in titles.query_keys(split(name))}
    fetch(USE_INDEXES)
    return [row[0] for row in fetch(_BY_TITLE, title_keys=sorted(keys))]


def own(fetch: Fetch, owner_id: int) -> list[dict[str, Any]]:
    """Return all exercises of a user, archived ones included."""
    return [row[0] for row in fetch(_OWN, owner_id=owner_id)]
