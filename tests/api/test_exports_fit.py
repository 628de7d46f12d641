"""Whatever the exports of other apps hold can be logged, and comes back: one file a dialect.

The files in ``exports`` are made by hand, in the shapes of real ones. What is compared is each row
as the file has it, against one made of the answer; nothing of a row may be left over.
"""

import csv
import re
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

FILES = sorted((Path(__file__).parent / "exports").glob("*.csv"))
ZONE = "Europe/Berlin"
"""Times in exports are those of the clock where the person was."""

EXERCISES = {
    "Bench Press (Barbell)": 1,
    "Supino Reto (Barra)": 1,
    "Squat (Barbell)": 2,
    "Pull Up": 4,
    "Running": 5,
    "Corrida": 5,
    "Plank": 6,
}
MONTHS = {"Mai": "May", "Ago": "Aug"}
REST = {"Rest Timer", "Ruhezeit"}
SET_TYPES = {
    "W": "warmup",
    "WARM_UP": "warmup",
    "warmup": "warmup",
    "D": "drop",
    "DROP_SET": "drop",
    "dropset": "drop",
    "F": "failure",
    "FAILURE": "failure",
    "failure": "failure",
}
METRES = {"km": Decimal(1000), "meters": Decimal(1), "miles": Decimal("1609.344")}

# what a column says, and its unit if the header has it
COLUMNS = {
    "title": ("Workout Name", "Workout-Name", "title"),
    "start": ("Date", "Datum", "start_time"),
    "end": ("end_time",),
    "duration": ("Duration", "Dauer", "Duration (sec)", "Workout Duration"),
    "description": ("Workout Notes", "Workout-Notizen", "description"),
    "exercise": ("Exercise Name", "Name der Übung", "exercise_title"),
    "superset": ("superset_id",),
    "exercise_notes": ("exercise_notes",),
    "order": ("Set Order", "Reihenfolge festlegen", "set_index"),
    "type": ("set_type",),
    "weight": ("Weight", "Gewicht", "Weight (kg)", "kg", "weight_kg", "weight_lbs"),
    "weight_unit": ("Weight Unit",),
    "reps": ("Reps", "Wiederh.", "reps"),
    "distance": (
        *("Distance", "Entfernung", "Distance (meters)"),
        *("km", "distance_km", "distance_miles"),
    ),
    "distance_unit": ("Distance Unit",),
    "seconds": ("Seconds", "Sekunden", "duration_seconds"),
    "notes": ("Notes", "Notizen"),
    "rpe": ("RPE", "rpe"),
    # counts the workouts of the file
    "number": ("Workout #",),
}


def rows_of(file):
    """Return the rows of a file by what they say, with the units that the header names."""
    text = file.read_text("utf-8")
    delimiter = ";" if ";" in text.splitlines()[0] else ","
    rows = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
    header, *rows = rows
    meaning = [next(key for key, names in COLUMNS.items() if name in names) for name in header]
    units = {
        "weight_unit": "lb" if "weight_lbs" in header else "kg",
        "distance_unit": next(
            (unit for unit in METRES if any(unit in name for name in header)), "km"
        ),
    }
    return [units | dict(zip(meaning, row, strict=True)) for row in rows]


def number(text):
    """Return a number; 0 and nothing both say that there is none."""
    return Decimal(text) if text and Decimal(text) else None


def start_of(row):
    text = " ".join(MONTHS.get(word, word) for word in row["start"].split())
    for form in ("%Y-%m-%d %H:%M:%S", "%d %b %Y, %H:%M", "%b %d, %Y, %I:%M %p"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=ZoneInfo(ZONE))
        except ValueError:
            continue
    raise AssertionError(text)


def end_of(row):
    if row.get("end"):
        return start_of({"start": row["end"]})
    text = row.get("duration", "")
    if not text:
        return None
    parts = {unit: int(count) for count, unit in re.findall(r"(\d+)(min|h|m)", text)}
    minutes = parts.get("h", 0) * 60 + parts.get("min", parts.get("m", 0))
    return start_of(row) + (timedelta(minutes=minutes) if parts else timedelta(seconds=int(text)))


def metres(row):
    distance = number(row["distance"])
    return distance and round(distance * METRES[row["distance_unit"] or "km"], 2)


def described(row):
    """Return what a row says of a set, in the terms of the API."""
    reps, seconds = number(row["reps"]), number(row["seconds"])
    weight = number(row["weight"])
    return {
        "reps": reps,
        "duration_seconds": seconds,
        "distance_m": metres(row),
        "weight": weight,
        "unit": row["weight_unit"].removesuffix("s") if weight else "kg",
        "set_type": SET_TYPES.get(row.get("type") or row["order"], "normal"),
        "rpe": number(row.get("rpe", "")),
        "rest_seconds": None,
        "notes": row.get("notes") or None,
    }


def sets_of(rows):
    """Return the sets of an exercise; a row that is a rest belongs to the set before it."""
    sets = []
    for row in rows:
        if row["order"] in REST:
            sets[-1]["rest_seconds"] = number(row["seconds"])
        else:
            sets.append(described(row))
    return sets


def first_of(rows, name):
    return next((row[name] for row in rows if row.get(name)), None)


def workouts_in(file):
    """Return the workouts of a file as bodies."""
    found = []
    for _, group in groupby(rows_of(file), key=lambda row: (row["start"], row["title"])):
        rows = list(group)
        end = end_of(rows[0])
        exercises = [
            {
                "exercise_id": EXERCISES[name],
                "superset": None if (of := first_of(each, "superset")) is None else int(of),
                "notes": first_of(each, "exercise_notes"),
                "sets": sets_of(each),
            }
            for name, part in groupby(rows, key=lambda row: row["exercise"])
            for each in [list(part)]
        ]
        found.append(
            {
                "name": rows[0]["title"],
                "started_at": start_of(rows[0]).isoformat(),
                "ended_at": end and end.isoformat(),
                "time_zone": ZONE,
                "notes": first_of(rows, "description"),
                "exercises": exercises,
            }
        )
    return found


def plain(value):
    """Return a body as JSON has it, without what is not there."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def is_within(given, answer):
    """Fail unless everything that was given is in the answer."""
    if isinstance(given, dict):
        assert given.keys() <= answer.keys()
        for name, value in given.items():
            is_within(value, answer[name])
    elif isinstance(given, list):
        assert len(given) == len(answer)
        for one, other in zip(given, answer, strict=True):
            is_within(one, other)
    else:
        assert given == answer


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_field_of_an_export_comes_back(http, new_user, file):
    token = new_user().token
    for workout in workouts_in(file):
        body = plain(workout)
        answer = http.post("/api/workouts", json=body, token=token)
        assert answer.status_code == 201, answer.text
        (made,) = answer.json()["data"]
        (read,) = http.get(f"/api/workouts/{made['id']}", token=token).json()["data"]
        is_within(body, read)
        assert read["date"] == body["started_at"][:10]
        sets = [each for exercise in read["exercises"] for each in exercise["sets"]]
        assert sum(len(each["sets"]) for each in body["exercises"]) == len(sets)


def test_there_is_a_file_of_each_dialect():
    assert len(FILES) == 11
