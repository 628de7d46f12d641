"""The columns of ``exercises``: written with their types, read as JSON."""

from schemas.measures import LIKELY_MEASURE
from services.transport.postgres.expressions import instant, word_cases

SEARCH_COLUMNS = {
    "name_key": "text",
    "alias_keys": "text[]",
    "title_keys": "text[]",
    "name_words": "tsvector",
    "title_words": "tsvector",
    "search_words": "tsvector",
}
"""What a search looks at, with the types in PostgreSQL."""

COLUMNS = {
    "name": "text",
    "slug": "text",
    "aliases": "jsonb",
    "description": "text",
    "instructions": "text",
    "category": "text",
    "body_part": "text",
    "primary_muscles": "jsonb",
    "secondary_muscles": "jsonb",
    "equipment": "text",
    "all_equipment": "jsonb",
    "difficulty": "text",
    "measure": "text",
    "rep_type": "text",
    "unit": "text",
    "external_source": "text",
    **SEARCH_COLUMNS,
}
"""What the seed writes, and the import among others, with the types in PostgreSQL."""

MEASURE = f"coalesce(e.measure, {word_cases('e.rep_type', LIKELY_MEASURE)})"
"""The measure of a row ``e``; null was written by the version before, which knows no measures."""


def exercise_with(mine: str) -> str:
    """Return a row ``e`` as the JSON that clients see.

    Args:
        mine: an expression of what a user has noted of it for themselves.
    """
    return f"""
        json_build_object(
            'id', e.id, 'name', e.name, 'slug', e.slug, 'description', e.description,
            'instructions', e.instructions, 'category', e.category, 'body_part', e.body_part,
            'primary_muscles', e.primary_muscles, 'secondary_muscles', e.secondary_muscles,
            'equipment', e.equipment, 'all_equipment', e.all_equipment, 'difficulty', e.difficulty,
            'measure', {MEASURE}, 'rep_type', e.rep_type, 'unit', e.unit, 'aliases', e.aliases,
            'external_source', e.external_source, 'external_id', e.external_id,
            'license', e.license, 'license_author', e.license_author, 'is_active', e.is_active,
            'created_at', {instant("e.created_at")},
            'updated_at', {instant("e.updated_at")}, 'owner', NULL, 'notes', NULL,
            'merged_into', NULL, 'mine', {mine})
    """


EXERCISE = exercise_with(mine="NULL")
"""A row ``e`` as the JSON that everybody sees."""
