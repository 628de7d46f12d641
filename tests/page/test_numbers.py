"""Every number of the overview and of an exercise's screen is the API's, in the user's unit."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.waiting import eventually

pytestmark = pytest.mark.slow

POUND_KG = 0.45359237
BENCH, SQUAT = 1, 2
MEASURES = ("max_weight", "best_e1rm", "total_volume", "total_reps")


def written(value, digits=2):
    """Return a number as English writes it, by the page's rounding."""
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{rounded:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def weight(kilograms, unit, digits=2):
    in_unit = kilograms if unit == "kg" else kilograms / POUND_KG
    return f"{written(in_unit, digits)} {unit}"


def valued(record, unit):
    if record["unit"] == "kg":
        return weight(record["value"], unit)
    return f"{written(record['value'])} {record['unit']}"


@pytest.fixture
def mixed(signed_in):
    """The page of somebody who has logged in both units, in this week and before."""
    page, today = signed_in, datetime.now(UTC).date()
    for days, sets in (
        (8, [{"reps": 5, "weight": 100}, {"reps": 3, "weight": 235, "unit": "lb"}]),
        (1, [{"reps": 8, "weight": 187.5, "unit": "lb"}, {"reps": 5, "weight": 102.5}]),
        (0, [{"reps": 2, "weight": 110.25}, {"reps": 11, "weight": 145, "unit": "lb"}]),
    ):
        exercises = [{"exercise_id": each, "sets": sets} for each in (BENCH, SQUAT)]
        day = str(today - timedelta(days=days))
        workout = {"date": day, "duration_minutes": 47, "exercises": exercises}
        page.api("POST", "/api/workouts", workout)

    def are_counted():
        [history] = page.api("GET", f"/api/stats/exercise/{SQUAT}/history?range=all")
        return len(history["data_points"]) == 3

    eventually(are_counted)
    return page


def use(page, unit):
    page.api("PUT", "/api/users/me", {"weight_unit": unit})
    page.driver.refresh()


def tables(page):
    """Return the rows of all tables of the screen, by their captions."""
    page.open_all()
    # what is folded is filled in when it has been opened
    script = """
        return new Promise((done) => setTimeout(() => done(
          [...document.querySelectorAll("main table")].map((table) => [
            table.caption.textContent,
            [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent)),
          ]))));
    """
    return dict(page.driver.execute_script(script))


@pytest.mark.parametrize("unit", ["kg", "lb"])
def test_the_overview(mixed, unit):
    page = mixed
    use(page, unit)
    page.is_at("Overview")
    page.has_loaded()
    [week] = page.api("GET", "/api/stats/weekly-summary")
    [streak] = page.api("GET", "/api/stats/streak")
    weeks = streak["current"]
    assert page.texts(".figure-value") == [
        f"{week['workouts']['value']} / {week['workouts']['goal']}",
        f"{weeks} week" if weeks == 1 else f"{weeks} weeks",
        weight(week["volume"]["value"], unit, 0),
        written(week["sets"]["value"], 0),
        written(week["minutes"]["value"], 0),
    ]
    assert page.texts(".figure .quiet")[1:] == [
        f"longest: {streak['longest']}",
        f"last week: {weight(week['volume']['previous'], unit, 0)}",
        f"last week: {written(week['sets']['previous'], 0)}",
        f"last week: {written(week['minutes']['previous'] or 0, 0)}",
    ]
    found = tables(page)
    [personal] = page.api("GET", "/api/stats/personal-records")
    values = [
        valued(record, unit)
        for exercise in personal["records"]
        for record in exercise.values()
        if isinstance(record, dict)
    ]
    rows = found["Latest records"]
    assert len(rows) == min(8, len(values))
    assert {row[2] for row in rows} <= {*values}
    [muscles] = page.api("GET", "/api/stats/muscles?weeks=1")
    band = muscles["band"]
    assert [
        row[1:3] for row in found[f"Your band is {band['least']} to {band['most']} sets a week"]
    ] == [
        [written(each["sets"]), written(each["hard_sets"])]
        for each in muscles["weeks"][-1]["muscles"]
    ]
    today = datetime.now(UTC).date()
    [calendar] = page.api("GET", f"/api/stats/calendar?year={today.year}")
    [days] = [rows for caption, rows in found.items() if "the darker a day" in caption]
    latest = calendar["days"][-1]
    assert days[0][1:] == [str(latest[name]) for name in ("workouts", "sets", "minutes")]


@pytest.mark.parametrize("unit", ["kg", "lb"])
def test_an_exercise(mixed, unit):
    page = mixed
    use(page, unit)
    page.open(f"exercises/{BENCH}")
    page.has_loaded()
    found = tables(page)
    [of_exercise] = page.api("GET", f"/api/stats/exercise/{BENCH}/records")
    assert [row[1] for row in found["Records"]] == [
        valued(record, unit) for record in of_exercise["records"]
    ]
    [of_reps] = page.api("GET", f"/api/stats/exercise/{BENCH}/rep-maxes")
    assert found["Rep maxes"] == [
        [
            str(each["reps"]),
            "–" if each["exactly"] is None else weight(each["exactly"]["weight"], unit),
            "–" if each["estimated"] is None else weight(each["estimated"]["weight"], unit),
        ]
        for each in of_reps["rep_maxes"]
    ]
    [history] = page.api("GET", f"/api/stats/exercise/{BENCH}/history?range=all")
    for place, measure in enumerate(MEASURES):
        page.all("input[name='measure']")[place].click()
        [rows] = [rows for caption, rows in tables(page).items() if "◆" in caption]
        points = [point[measure] for point in reversed(history["data_points"])]
        is_weight = measure != "total_reps"
        assert [row[1] for row in rows] == [
            weight(point, unit) if is_weight else f"{written(point)} Repetitions"
            for point in points
        ]
