"""The exercises that a user sees: all of the catalogue and their own, or those alone.

The statements need ``:owner_id``. PostgreSQL pushes conditions into both sides of the UNION ALL, so
the catalogue is found by its indexes and the others by their owner.
"""

from services.exercises import tables as catalogue
from services.exercises.private.tables import EXERCISE
from services.exercises.rows import Rows

_COLUMNS = """
    id, created_at, hardness, name_length, category, body_part, difficulty, equipment,
    all_equipment, muscles, sort_name, name_key, alias_keys, name_words, title_words, search_words,
    measure, is_imported
"""

_TITLES = """
    SELECT id, name, is_active, external_source, equipment, title_keys, name_key, alias_keys,
        name_words, title_words
    FROM exercises
"""

_OWN_TITLES = """
    SELECT id, name, archived_at IS NULL AS is_active, 'private' AS external_source, equipment,
        title_keys, name_key, ARRAY[]::text[] AS alias_keys, name_words, title_words
    FROM private_exercises WHERE owner_id = :owner_id
"""

_OWN = f"SELECT {_COLUMNS} FROM private_exercise_search WHERE owner_id = :owner_id"

WITH_OWN = Rows(
    searched=f"(SELECT {_COLUMNS} FROM exercise_search UNION ALL {_OWN}) s",
    titled=f"({_TITLES} UNION ALL {_OWN_TITLES}) titled",
    shown=f"""
        SELECT coalesce(
            (SELECT {catalogue.EXERCISE} FROM exercises e WHERE e.id = page.id),
            (SELECT {EXERCISE} FROM private_exercises p WHERE p.id = page.id))
        FROM page
    """,
)

ONLY_OWN = Rows(
    searched=f"({_OWN}) s",
    titled=f"({_OWN_TITLES}) titled",
    shown=f"SELECT {EXERCISE} FROM page JOIN private_exercises p USING (id)",
)
