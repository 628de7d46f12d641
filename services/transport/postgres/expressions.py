"""SQL expressions for whatever is read as JSON or text."""


def instant(column: str, fraction: bool = True) -> str:
    """Return the expression that writes a ``timestamptz`` as ``2025-02-16T18:30:00.123456Z``.

    Args:
        column: the column, or an expression.
        fraction: with microseconds.
    """
    # json_build_object would write it in the session's time zone, and without trailing zeros
    seconds = "SS.US" if fraction else "SS"
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:{seconds}"Z"')"""
