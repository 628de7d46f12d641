"""What must be known before an import is applied: by its options, or by asking."""

from argparse import Namespace
from typing import Any

from stack.calls import Services
from stack.failures import Failure
from stack.histories.preview import ASK, choices
from stack.histories.questions import NEW, Asker
from stack.printing import counted

UNITS = {"weight_unit": ["kg", "lb"], "distance_unit": ["m", "km", "mi"]}
NEEDED = ("weight_unit", "distance_unit", "time_zone")
"""Options that may be said later, too."""

GIVEN = ("source", "language", *NEEDED)
"""Options that are said with a file."""

POLICIES = ("on_changed", "deleted", "likely_same", "faulty")


def given(options: Namespace, *names: str) -> dict[str, Any]:
    """Return those options that were given."""
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def how_to_apply(found: dict[str, Any], options: Namespace, asker: Asker) -> dict[str, Any]:
    """Return how to apply an import.

    Args:
        found: the import at its preview.
        options: of the command.
        asker: answers what they leave open.
    """
    chosen = given(options, *NEEDED, *POLICIES)
    for name in found["needs"]:
        if name in chosen:
            continue
        if name == "time_zone":
            chosen[name] = asker.time_zone()
        else:
            text = f"the {name.replace('_', ' ')} that the file does not tell"
            chosen[name] = asker.choice(_option(name), text, UNITS[name])
    if found["fault_count"] and "faulty" not in chosen:
        count = counted(found["fault_count"], "line")
        text = f"skip {count} with faults, or refuse the file"
        chosen["faulty"] = asker.choice("--faulty", text, ["skip", "refuse"])
    if found["counts"]["likely_same"] and "likely_same" not in chosen:
        count = counted(found["counts"]["likely_same"], "workout")
        text = f"skip or add {count} most likely here by another export"
        chosen["likely_same"] = asker.choice("--likely-same", text, ["skip", "add"])
    return chosen


def mapping_of(
    found: dict[str, Any], options: Namespace, said: dict[str, int | str], asker: Asker
) -> dict[str, int | str]:
    """Return what is to be mapped of an import's names.

    Args:
        found: the import at its preview.
        options: of the command.
        said: what :func:`said_mapping` has returned.
        asker: answers what they leave open.
    """
    mapping = dict(said)
    for name in found["names"]:
        if name["why"] != ASK or name["name"] in mapping:
            continue
        mapping[name["name"]] = NEW if options.new_for_unknown else asker.exercise(name)
    return mapping


def said_mapping(services: Services, user_id: int, pairs: list[str]) -> dict[str, int | str]:
    """Return the mapping that options say, as ``NAME=EXERCISE``.

    Raises:
        Failure: one has no ``=``, or names no exercise, or several.
    """
    mapping: dict[str, int | str] = {}
    for pair in pairs:
        name, _, exercise = (part.strip() for part in pair.rpartition("="))
        if not name or not exercise:
            raise Failure(f"--map {pair}: must be NAME=EXERCISE, with an exercise's name or id")
        mapping[name] = _exercise(services, user_id, exercise)
    return mapping


def _exercise(services: Services, user_id: int, text: str) -> int | str:
    if text.lower() == NEW:
        return NEW
    if text.isdecimal():
        return int(text)
    [found] = services.call("exercises", "match_names", user_id, [{"name": text, "measure": None}])
    exercise_id: int | None = found["exercise_id"]
    if exercise_id is None:
        likely = choices(found)
        hint = f"; it may be {likely}" if likely else ""
        raise Failure(f"--map: no exercise is called {text}{hint}")
    return exercise_id


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
