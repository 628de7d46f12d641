"""The table of what the faults did, printed at the end and kept in docs/reliability.md."""

ROWS = []
HEADINGS = ("fault", "requests", "lost", "doubled", "recovered s", "analytics s", "worst s", "seen")


def note(fault, crowd, tally, recovered=None, remark=""):
    """Add a row."""
    seen = ", ".join(f"{status or 'broken'}: {n}" for status, n in sorted(crowd.statuses.items()))
    ROWS.append(
        (
            fault,
            str(len(crowd.answers)),
            str(tally.lost),
            str(tally.doubled),
            "" if recovered is None else f"{recovered:.1f}",
            "" if tally.analytics_seconds is None else f"{tally.analytics_seconds:.1f}",
            f"{crowd.worst_seconds:.1f}",
            f"{seen}{'; ' if remark else ''}{remark}",
        )
    )


def table():
    """Return the table in Markdown."""
    rows = [HEADINGS, tuple("---" for _ in HEADINGS), *ROWS]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
