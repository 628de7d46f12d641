"""What is in a file, and what would become of it, as text."""

from typing import Any

from stack.printing import counted, printable

MOST_FINDINGS = 10
LONGEST_NAME = 40
STATES = (
    ("new", "new"),
    ("same", "here already"),
    ("changed", "changed since they were imported"),
    ("deleted", "deleted here since they were imported"),
    ("likely_same", "most likely here by another export"),
)
ASK, NEW = "ask", "new"


def as_text(found: dict[str, Any]) -> str:
    """Return the preview of an import as text."""
    return "\n".join([*_file(found), *_findings(found), *_names(found["names"])])


def finding(found: dict[str, Any]) -> str:
    """Return a finding about a line of the file as text."""
    place = f"line {found['line']}: " if found.get("line") else ""
    received = f" ({found['received']})" if found.get("received") else ""
    return printable(f"{place}{found['message']}{received}")


def choices(name: dict[str, Any]) -> str:
    """Return the exercises that a name may be as text."""
    return ", ".join(f"{each['id']} {printable(each['name'])}" for each in name["choices"])


def _file(found: dict[str, Any]) -> list[str]:
    counts, known = found["counts"], found["recognised"]
    language = f", {known['language']}" if known.get("language") else ""
    states = [f"{counts[key]:,} {text}" for key, text in STATES if counts.get(key)]
    return [
        printable(
            f"{counted(counts['workouts'], 'workout')} with {counted(counts['sets'], 'set')}, "
            f"as {known['source']} writes them{language}"
        ),
        f"  workouts: {', '.join(states) or 'none'}",
    ]


def _findings(found: dict[str, Any]) -> list[str]:
    lines = []
    for kind, title in (("fault", "can't be read"), ("warning", "have doubtful values")):
        count, listed = found[f"{kind}_count"], found[f"{kind}s"][:MOST_FINDINGS]
        if count:
            lines.append(f"  lines that {title}: {count:,}")
            lines += [f"    {finding(each)}" for each in listed]
        if count > len(listed):
            lines.append("    ...")
    return lines


def _names(names: list[dict[str, Any]]) -> list[str]:
    if not names:
        return []
    width = min(LONGEST_NAME, max(len(each["name"]) for each in names))
    return ["  exercises:", *(f"    {_name(each, width)}" for each in names)]


def _name(name: dict[str, Any], width: int) -> str:
    becomes = name["exercise_name"]
    if name["why"] == NEW and not becomes:
        becomes = f"a new one ({name['measure']})"
    shown = f"{printable(name['name']).ljust(width)}  {counted(name['sets'], 'set'):>10}"
    why = f" ({name['why']})" if name["why"] not in (ASK, NEW) else ""
    return f"{shown}  {printable(becomes or 'to be asked for')}{why}"
