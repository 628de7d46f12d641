"""The exercises of the first start, and the vocabulary that describes every exercise.

The data is ``catalogue.json`` beside this file, written by hand. What can be derived (slug,
``rep_type``, unit, the ids of the seed) is not in it.
"""

import json
from pathlib import Path
from typing import Any

from schemas.exercises import REP_UNITS
from schemas.measures import REP_TYPE_OF
from services.exercises.rules.words import plain_words

FILE = Path(__file__).with_name("catalogue.json")
SOURCE = "manual"

SEED_SLUGS = (
    "barbell-bench-press",
    "barbell-squat",
    "barbell-deadlift",
    "pull-ups",
    "running",
    "plank",
)
"""The exercises with ids 1 to 6, in this order."""

MUSCLES = {
    *("abductors", "adductors", "back", "biceps", "calves", "cardiovascular", "chest", "core"),
    *("forearms", "glutes", "hamstrings", "hip flexors", "lats", "legs", "lower back", "neck"),
    *("obliques", "quadriceps", "shoulders", "traps", "triceps"),
}

EQUIPMENT = {
    *("ab wheel", "band", "barbell", "bodyweight", "cable", "dumbbell", "ez bar", "foam roller"),
    *("kettlebell", "machine", "medicine ball", "none", "plate", "sled", "smith machine"),
    *("swiss ball", "trap bar"),
}

BODY_PARTS = {
    *("arms", "back", "calves", "cardio", "chest", "core", "full body", "legs", "neck"),
    "shoulders",
}


def read() -> list[dict[str, Any]]:
    """Return the exercises as :func:`services.exercises.writes.save` takes them."""
    return [_complete(entry) for entry in json.loads(FILE.read_text("utf-8"))]


def slug(name: str) -> str:
    """Return a name as it stands in URLs: ``Farmer's Walk`` is ``farmers-walk``."""
    return "-".join(plain_words(name))


def numbered(steps: list[str]) -> str:
    """Return steps as text, one numbered line each."""
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def _complete(entry: dict[str, Any]) -> dict[str, Any]:
    # an exercise that got another name keeps its address, by which it is known
    address = entry.get("slug") or slug(entry["name"])
    seeded = address in SEED_SLUGS
    rep_type = REP_TYPE_OF[entry["measure"]]
    return {
        **entry,
        "id": SEED_SLUGS.index(address) + 1 if seeded else None,
        "slug": address,
        "instructions": numbered(entry["instructions"]),
        "all_equipment": [entry["equipment"]],
        "rep_type": rep_type,
        "unit": REP_UNITS[rep_type],
        "external_source": SOURCE,
    }
