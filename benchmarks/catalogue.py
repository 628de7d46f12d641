"""How long lists, filters and searches take in the database, with 20,000 exercises.

Usage: ``.venv/bin/python -m benchmarks.catalogue [exercises] [tries]``

Starts servers of its own and no services, fills the exercises database, and prints the median
and the least time of the statements of each request, with the way to the database and back.
Nothing is cached but by PostgreSQL. Where the two differ much, the machine had other work to do.
"""

import random
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

from sqlalchemy import Engine, create_engine, text

from services.exercises import catalogue, reads, writes
from services.migrate import migrate
from services.process.settings import Settings
from services.transport.postgres.statements import Fetch, fetch
from stack.testing import running_system

EXERCISES = 20_000
TRIES = 15
BATCH = 1000
SEED = 20250216

BY_NAME = [("name", "asc")]
SEARCHES = [
    "bench",
    "bench p",
    "dumbbell s",
    "benhc pres",
    "press",
    "pull up",
    "pullup",
    "squat barbell",
    "sqaut",
    "ohp",
    "band",
    "développé",
    "one arm row",
    "dumbel press",
    "paused bulgarian split squat",
]
LISTS: list[tuple[str, dict[str, list[str]], list[tuple[str, str]], int]] = [
    ("list by name", {}, BY_NAME, 1),
    ("list by name, page 1,000", {}, BY_NAME, 1000),
    ("list, category strength", {"category": ["strength"]}, BY_NAME, 1),
    ("list, category cardio", {"category": ["cardio"]}, BY_NAME, 1),
    ("list, body part back", {"body_part": ["back"]}, BY_NAME, 1),
    ("list, measure duration", {"measure": ["duration"]}, BY_NAME, 1),
    ("list, equipment ab wheel", {"equipment": ["ab wheel"]}, BY_NAME, 1),
    ("list, equipment barbell or dumbbell", {"equipment": ["barbell", "dumbbell"]}, BY_NAME, 1),
    ("list, muscles chest", {"muscles": ["chest"]}, BY_NAME, 1),
    (
        "list, category, equipment and muscles",
        {"category": ["strength"], "equipment": ["barbell"], "muscles": ["chest"]},
        BY_NAME,
        1,
    ),
    ("list by category", {}, [("category", "asc")], 1),
    ("list by equipment, descending", {}, [("equipment", "desc")], 1),
    ("list by difficulty", {}, [("difficulty", "asc")], 1),
    ("list by difficulty, descending", {}, [("difficulty", "desc")], 1),
    ("list by difficulty, then name", {}, [("difficulty", "asc"), ("name", "asc")], 1),
    ("list, newest first", {}, [("created_at", "desc")], 1),
]
BOTH_FILTERS = {"category": ["strength"], "muscles": ["chest"]}
FILTERED: list[tuple[str, dict[str, list[str]], list[tuple[str, str]], int]] = [
    ("category strength", {"category": ["strength"]}, [], 1),
    ("equipment barbell or dumbbell", {"equipment": ["barbell", "dumbbell"]}, [], 1),
    ("two filters, page 20", BOTH_FILTERS, [], 20),
    ("by name", {}, BY_NAME, 1),
]
"""Searches for one word that many exercises have, with what else is asked."""

Read = Callable[[Fetch], dict[str, Any]]


def made_up(number: int, chance: random.Random, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an exercise with the words and values of real ones, in another order."""
    model, other = chance.choice(entries), chance.choice(entries)
    words = [word for entry in (model, other) for word in entry["name"].split()]
    name = f"{' '.join(chance.sample(words, min(len(words), chance.randint(2, 4))))} {number}"
    told = " ".join(entry["description"] for entry in chance.choices(entries, k=7))
    equipment = {model["equipment"]: None}
    if chance.random() < 0.2:
        equipment[other["equipment"]] = None
    return {
        **model,
        "id": None,
        "name": name,
        "slug": catalogue.slug(name),
        "aliases": [f"{alias} {number}" for alias in other["aliases"][:2]],
        "description": " ".join(told.split()[: chance.randint(10, 60)]),
        "all_equipment": list(equipment),
    }


def fill(engine: Engine, entries: list[dict[str, Any]], exercises: int) -> None:
    """Add made-up exercises to those of the catalogue until there are so many."""
    chance = random.Random(SEED)
    added = (made_up(number, chance, entries) for number in range(len(entries), exercises))
    while batch := list(islice(added, BATCH)):
        with engine.begin() as connection:
            writes.save(connection, batch)


def tidy(engine: Engine) -> None:
    """Do at once what PostgreSQL does by itself a minute after many changes."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def requests() -> list[tuple[str, Read]]:
    """Return what is measured, by name."""
    found: list[tuple[str, Read]] = []
    for query in SEARCHES:
        found.append((f"search `{query}`", searching(query, {}, [], 1)))
    for name, *given in FILTERED:
        found.append((f"search `press`, {name}", searching("press", *given)))
    for name, filters, sort, page in LISTS:
        found.append((name, listing(filters, sort, page)))
    return found


def searching(
    query: str, filters: dict[str, list[str]], sort: list[tuple[str, str]], page: int
) -> Read:
    """Return the search for a query."""
    return lambda fetch: reads.search_page(fetch, query, filters, sort, page, 10)


def listing(filters: dict[str, list[str]], sort: list[tuple[str, str]], page: int) -> Read:
    """Return the reading of a page."""
    return lambda fetch: reads.list_page(fetch, filters, sort, page, 10)


def measure(engine: Engine, read: Read, tries: int) -> tuple[Any, str]:
    """Return what is read, and how many milliseconds it takes: the median, and the least."""
    took = []
    for _ in range(tries):
        # each in a transaction of its own, as in the service
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))
            begun = time.perf_counter()
            answer = read(partial(fetch, connection))
            took.append((time.perf_counter() - begun) * 1000)
    return answer, f"{median(took):.1f} | {min(took):.1f}"


def report(engine: Engine, tries: int) -> None:
    """Measure, and print a table."""
    print("| request | found | median ms | least ms |\n| --- | --- | --- | --- |")
    for name, read in requests():
        answer, took = measure(engine, read, tries)
        print(f"| {name} | {answer['total']:,} | {took} |", flush=True)
    _, took = measure(engine, lambda fetch: reads.count_facets(fetch, {}), tries)
    print(f"| facets | | {took} |", flush=True)


def main(exercises: int = EXERCISES, tries: int = TRIES) -> None:
    """Measure with the catalogue of the first start, and with many more."""
    with running_system(()) as system:
        address = Settings.from_environment(system.environment).databases["exercises"]
        migrate("exercises", address)
        engine = create_engine(address.url)
        entries = catalogue.read()
        with engine.begin() as connection:
            writes.save(connection, entries)
        for size in (len(entries), exercises):
            fill(engine, entries, size)
            tidy(engine)
            print(f"\n{size:,} exercises, median of {tries}\n")
            report(engine, tries)
        engine.dispose()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
