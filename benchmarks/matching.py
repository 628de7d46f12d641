"""How many sets of other apps' exports get an exercise without a question.

Usage: ``.venv/bin/python -m benchmarks.matching EXPORTS [--judged FILE] [--list]``

EXPORTS is a directory with exports of Strong and Hevy (CSV), which are read as an import does it.
The names of their exercises are matched with the catalogue as it is seeded; nothing is started, and
no database is needed.

A set is *mapped* if its exercise's name is, *asked* or *new*. FILE says what is meant: JSON, for
each name a list of the exercises that are right, which is empty if the catalogue has none. A name
that becomes another exercise is *wrong*; without a judgement none is. ``--list`` prints what each
name becomes.
"""

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from services.exercises import catalogue
from services.exercises.matching.index import Entry, Index
from services.exercises.matching.rules import ASK, NEW, Catalogues, Match, match
from services.workouts.imports.reading import Findings, Set, read_workouts, recognise
from services.workouts.imports.reading.rows import Units

MAPPED, ASKED, WRONG = "mapped", "asked", "wrong"
OUTCOMES = (MAPPED, ASKED, NEW, WRONG)

Judgements = dict[str, list[str]]


def seeded() -> Catalogues:
    """Return the catalogue of the first start, without private or imported exercises."""
    entries = (
        Entry(
            one["slug"],
            one["name"],
            tuple(one["aliases"]),
            frozenset(one["all_equipment"]),
            one["measure"],
        )
        for one in catalogue.read()
    )
    return Catalogues(Index(), Index(entries), Index())


def sets_by_name(file: Path) -> dict[str, list[Set]]:
    """Return the sets of a file by the names of their exercises."""

    def chunks() -> Iterator[bytes]:
        yield file.read_bytes()

    found = defaultdict(list)
    for workout in read_workouts(chunks, recognise(chunks), Units("kg", "km"), Findings()):
        for exercise in workout.exercises:
            found[exercise.name] += exercise.sets
    return found


def likely_measure(sets: list[Set]) -> str:
    """Return what sets hold."""
    has_weight = any(one.weight for one in sets)
    if any(one.weight is not None and one.weight < 0 for one in sets):
        return "assisted_reps"
    if any(one.distance_m for one in sets):
        has_time = any(one.duration_seconds for one in sets)
        return "weight_distance" if has_weight and not has_time else "distance_duration"
    if any(one.duration_seconds for one in sets) and not any(one.reps for one in sets):
        return "weight_duration" if has_weight else "duration"
    return "weight_reps" if has_weight else "reps"


def outcome(name: str, found: Match, judgements: Judgements) -> str:
    """Return what became of a name."""
    if found.why in (ASK, NEW):
        return ASKED if found.why == ASK else NEW
    is_judged = name in judgements
    return WRONG if is_judged and found.entries[0].name not in judgements[name] else MAPPED


def shares(label: str, counts: Counter[str]) -> str:
    """Return a line of counts."""
    total = sum(counts.values())
    told = ", ".join(f"{counts[one]} {one}" for one in OUTCOMES)
    return f"{label}: {total}, {counts[MAPPED] / total:.1%} mapped ({told})"


def main() -> None:
    """Match the names of all files, and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching", description=__doc__)
    parser.add_argument("exports", type=Path)
    parser.add_argument("--judged", type=Path)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    judgements = json.loads(options.judged.read_text("utf-8")) if options.judged else {}
    catalogues = seeded()
    of_all_sets: Counter[str] = Counter()
    of_names: dict[str, str] = {}
    seconds = 0.0
    for file in sorted(options.exports.rglob("*.csv")):
        of_sets: Counter[str] = Counter()
        for name, sets in sets_by_name(file).items():
            began = time.process_time()
            found = match(name, likely_measure(sets), catalogues)
            seconds += time.process_time() - began
            became = outcome(name, found, judgements)
            of_sets[became] += len(sets)
            of_names[name] = became
            if options.list:
                meant = ", ".join(entry.name for entry in found.entries)
                print(f"  {became:6} {found.why:5} {len(sets):4} {name}  ->  {meant or '-'}")
        of_all_sets += of_sets
        print(shares(str(file.relative_to(options.exports)), of_sets))
    print(shares("\nall sets", of_all_sets))
    print(shares("different names", Counter(of_names.values())))
    print(f"{seconds * 1000:.0f} ms of CPU for the matching")


if __name__ == "__main__":
    main()
