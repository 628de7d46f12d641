"""How many of the names that other programs give to exercises are found.

Usage: ``.venv/bin/python -m benchmarks.names EXPORTS [--judged FILE] [--wger DIRECTORY]
[--names 100] [--seed 14]``

EXPORTS is a directory with exports of Strong and Hevy (CSV). Of the names of exercises in them some
are drawn by chance, the same ones for the same seed, and searched for in a database of its own: in
the catalogue as it is seeded, and with wger's exercises if a directory with pages of its API
(``exerciseinfo-*.json``) is given.

A name is *right* if the exercise that is found first is the one that is meant, *wrong* if it is
another one, and *none* if nothing is found. FILE says what is meant: JSON, for each name a list of
the exercises that are right, which is empty if the catalogue has none. Without a judgement a name
is *open*, and printed with what is found, for a person to judge.
"""

import argparse
import csv
import json
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, create_engine

from services.exercises import catalogue, reads, writes
from services.exercises.wger import applying, staging
from services.exercises.wger.entries import ENGLISH_ID, read_entry
from services.migrate import migrate
from services.process.settings import Settings
from services.transport.postgres.statements import fetch
from stack.testing import running_system

NAMES = 100
SEED = 14
COLUMNS = ("Exercise Name", "exercise_title", "Name der Übung")
"""Columns of exercises' names, in the header's language."""

RIGHT, WRONG, NONE, OPEN = "right", "wrong", "none", "open"

Judgements = dict[str, list[str]]


def exported_names(exports: Path) -> list[str]:
    """Return the different names of exercises in all exports, sorted."""
    return sorted({name for file in exports.rglob("*.csv") for name in _names_in(file)})


def _names_in(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        header = lines.readline()
        lines.seek(0)
        separator = ";" if header.count(";") > header.count(",") else ","
        for row in csv.DictReader(lines, delimiter=separator):
            names = (row.get(column) for column in COLUMNS)
            yield from (name.strip() for name in names if name and name.strip())


def import_wger(engine: Engine, pages: Path) -> None:
    """Add the exercises of stored pages as an import does."""
    found = [
        item
        for file in sorted(pages.glob("exerciseinfo-*.json"))
        for item in json.loads(file.read_text("utf-8"))["results"]
    ]
    with engine.begin() as connection:
        staging.add(connection, [read_entry(item, {ENGLISH_ID}) for item in found])
        report = applying.apply(connection, is_whole=False)
        staging.delete_entries(connection)
    print(f"\n{report['added']} exercises of wger were added.")


def first_found(engine: Engine, name: str) -> str | None:
    """Return the name of the exercise that a search finds first."""
    with engine.begin() as connection:
        found = reads.search_page(partial(fetch, connection), name[:100], {}, [], 1, 1)["items"]
    return found[0]["name"] if found else None


def judge(name: str, found: str | None, judgements: Judgements) -> str:
    """Return whether what is found is right."""
    if found is None:
        return NONE
    if name not in judgements:
        return OPEN
    return RIGHT if found in judgements[name] else WRONG


def report(engine: Engine, names: list[str], judgements: Judgements) -> None:
    """Search for all names, and print what is not right, and the counts."""
    counts: Counter[str] = Counter()
    for name in names:
        found = first_found(engine, name)
        outcome = judge(name, found, judgements)
        counts[outcome] += 1
        if outcome != RIGHT:
            print(f"{outcome:5}  {name}  ->  {found or '-'}")
    print(", ".join(f"{counts[outcome]} {outcome}" for outcome in (RIGHT, WRONG, NONE, OPEN)))


def main() -> None:
    """Draw names, search for them, and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.names", description=__doc__)
    parser.add_argument("exports", type=Path)
    parser.add_argument("--judged", type=Path)
    parser.add_argument("--wger", type=Path)
    parser.add_argument("--names", type=int, default=NAMES)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    judgements = json.loads(options.judged.read_text("utf-8")) if options.judged else {}
    names = exported_names(options.exports)
    drawn = sorted(random.Random(options.seed).sample(names, min(options.names, len(names))))
    with running_system(()) as system:
        address = Settings.from_environment(system.environment).databases["exercises"]
        migrate("exercises", address)
        engine = create_engine(address.url)
        with engine.begin() as connection:
            writes.save(connection, catalogue.read())
        report(engine, drawn, judgements)
        if options.wger:
            import_wger(engine, options.wger)
            report(engine, drawn, judgements)
        engine.dispose()


if __name__ == "__main__":
    main()
