"""SQL expressions that several services write."""

from collections.abc import Iterable, Mapping


def instant(column: str, fraction: bool = True) -> str:
    """Return the expression that writes a ``timestamptz`` as ``2025-02-16T18:30:00.123456Z``.

    Args:
        column: the column, or an expression.
        fraction: with microseconds.
    """
    # json_build_object would write it in the session's time zone, and without trailing zeros
    seconds = "SS.US" if fraction else "SS"
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:{seconds}"Z"')"""


def sent_instant(column: str, offset: str) -> str:
    """Return the expression that writes a ``timestamptz`` as it was sent, to the second.

    Args:
        column: the column, or an expression.
        offset: of another with the minutes east of UTC, null for a ``Z``.
    """
    hours = f"to_char(make_interval(mins => abs({offset})), 'HH24:MI')"
    return f"""CASE WHEN {column} IS NOT NULL THEN
        to_char({column} AT TIME ZONE 'UTC' + make_interval(mins => coalesce({offset}, 0)),
                'YYYY-MM-DD"T"HH24:MI:SS')
        || coalesce(CASE WHEN {offset} < 0 THEN '-' ELSE '+' END || {hours}, 'Z') END"""


def may_hold(seconds: int) -> str:
    """Return the condition of a lease (``holder``, ``held_until``) that ``:holder`` may take.

    One further in the future than it can be was taken before the clock of the database was put
    back.

    Args:
        seconds: for which it is taken.
    """
    return f"""(holder = :holder OR held_until < now()
        OR held_until > now() + 2 * interval '{seconds} seconds')"""


def cases(of: str, what: Mapping[str, str]) -> str:
    """Return the expression with a value for each word that another one may be, else null."""
    whens = " ".join(f"WHEN '{word}' THEN {value}" for word, value in what.items())
    return f"CASE {of} {whens} END"


def word_cases(of: str, what: Mapping[str, str]) -> str:
    """Return :func:`cases` whose values are words."""
    return cases(of, {word: quoted(value) for word, value in what.items()})


def quoted(word: str) -> str:
    """Return a word as a constant."""
    return f"'{word}'"


def word_array(words: Iterable[str]) -> str:
    """Return words as an array of text."""
    return f"CAST(ARRAY[{', '.join(map(quoted, words))}] AS text[])"
