"""The exercises that a user sees: all of the catalogue and their own, or those alone.

The statements need ``:owner_id``. PostgreSQL pushes conditions into both sides of the UNION ALL, so
the catalogue is found by its indexes and the others by their owner.
"""

from services.exercises import tables as catalogue
from services.exercises.private.own_details import OF_EXERCISE
from services.exercises.private.tables import EXERCISE
from services.exercises.rows import CATALOGUE, Rows
from services.exercises.rules import search

MOST_WORDS = 50
"""Words of the owner's exercises that a query is compared with. They may have many thousands, and
the comparison keeps the process from anything else."""

MOST_WORDS_READ = 10_000
"""Words among which PostgreSQL looks for those; a thousand names of the usual length have fewer."""

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

# not in exercise_words: what others find must not depend on them
_OWN_WORDS = f"""
    SELECT DISTINCT word COLLATE "C" AS word
    FROM private_exercises, unnest(tsvector_to_array(title_words)) AS word
    WHERE owner_id = :owner_id AND archived_at IS NULL
        AND length(word) BETWEEN {search.SHORTEST_MISTYPED - 1} AND {search.LONGEST_MISTYPED}
    LIMIT {MOST_WORDS_READ}
"""

# the spellings of each word are those of search.spellings()
_NEAR_WORDS = f"""
    {CATALOGUE.near_words} UNION
    (SELECT word FROM ({_OWN_WORDS}) AS own
    WHERE word LIKE ANY(:patterns) OR word = ANY(:spellings) OR EXISTS (
        SELECT FROM generate_series(1, length(word)) AS place
        WHERE overlay(word PLACING '' FROM place FOR 1) = ANY(:spellings))
    ORDER BY length(word), word LIMIT {MOST_WORDS})
"""

_LIKE_WORDS = f"""
    {CATALOGUE.like_words} UNION
    (SELECT word FROM ({_OWN_WORDS}) AS own WHERE word % ANY(:unknown)
    ORDER BY (SELECT max(similarity(word, asked)) FROM unnest(:unknown) AS asked) DESC, word
    LIMIT {MOST_WORDS})
"""

_WITH_DETAILS = catalogue.exercise_with(mine=OF_EXERCISE)

WITH_OWN = Rows(
    searched=f"(SELECT {_COLUMNS} FROM exercise_search UNION ALL {_OWN}) s",
    titled=f"({_TITLES} UNION ALL {_OWN_TITLES}) titled",
    near_words=_NEAR_WORDS,
    like_words=_LIKE_WORDS,
    shown=f"""
        SELECT coalesce(
            (SELECT {_WITH_DETAILS} FROM exercises e WHERE e.id = page.id),
            (SELECT {EXERCISE} FROM private_exercises p WHERE p.id = page.id))
        FROM page
    """,
)

ONLY_OWN = Rows(
    searched=f"({_OWN}) s",
    titled=f"({_OWN_TITLES}) titled",
    near_words=_NEAR_WORDS,
    like_words=_LIKE_WORDS,
    shown=f"SELECT {EXERCISE} FROM page JOIN private_exercises p USING (id)",
)
