"""The columns of ``private_exercises``: written with their types, read as JSON."""

from schemas.exercises import REP_UNITS
from services.exercises.tables import SEARCH_COLUMNS
from services.transport.postgres.expressions import instant, word_cases

COLUMNS = {
    "name": "text",
    "unique_name": "text",
    "slug": "text",
    "measure": "text",
    "rep_type": "text",
    "category": "text",
    "primary_muscles": "text[]",
    "secondary_muscles": "text[]",
    "equipment": "text",
    "notes": "text",
    # there are no aliases
    **{name: kind for name, kind in SEARCH_COLUMNS.items() if name != "alias_keys"},
}
"""What is written of an exercise, with the types in PostgreSQL."""

EXERCISE = f"""
    json_build_object(
        'id', p.id, 'name', p.name, 'slug', p.slug, 'description', NULL, 'instructions', NULL,
        'category', p.category, 'body_part', NULL,
        'primary_muscles', p.primary_muscles, 'secondary_muscles', p.secondary_muscles,
        'equipment', p.equipment, 'all_equipment', array_remove(ARRAY[p.equipment], NULL),
        'difficulty', NULL, 'measure', p.measure, 'rep_type', p.rep_type,
        'unit', {word_cases("p.rep_type", REP_UNITS)},
        'aliases', '[]'::json, 'external_source', 'private', 'external_id', NULL,
        'license', NULL, 'license_author', NULL, 'is_active', p.archived_at IS NULL,
        'created_at', {instant("p.created_at")},
        'updated_at', {instant("p.updated_at")},
        'owner', 'me', 'notes', p.notes,
        'merged_into', CASE WHEN p.merged_at IS NOT NULL THEN p.merged_into END, 'mine', NULL)
"""
"""A row ``p`` as the JSON that its owner sees; the members are those of the catalogue's."""
