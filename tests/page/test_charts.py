"""Charts as pure functions, run in the browser that draws them."""

import itertools

import pytest

from gateway.page.files import served

BASE = next(path for path in served() if path.endswith("/main.js")).rsplit("/", 1)[0]


@pytest.fixture(scope="module")
def run(driver, system):
    driver.get(system.url)

    def run(module, expression):
        script = (
            "const done = arguments[1];"
            f"import(arguments[0]).then((m) => done({expression}), (e) => done(String(e)));"
        )
        return driver.execute_async_script(script, f"{BASE}/{module}")

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (50, 95, [40, 60, 80, 100]),
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (0.1, 0.3, [0.1, 0.15, 0.2, 0.25, 0.3]),
        (7, 7, [7]),
    ],
)
def test_steps_are_round_and_hold_all(run, least, most, expected):
    assert run("charts/scales.js", f"m.ticks({least}, {most})") == expected


@pytest.mark.slow
def test_a_line_goes_through_all_points_and_marks_the_record(run):
    points = (
        "[{x: 0, y: 50, label: 'a', isMarked: false}, {x: 10, y: 100, label: 'b', isMarked: true}]"
    )
    words = "{title: 'Weight', labelX: String, labelY: String}"
    tag, about, *parts = run("charts/line-chart.js", f"m.lineChart({points}, {words}, 400)")
    assert (tag, about["aria-label"], about["role"]) == ("svg", "Weight", "img")
    [line] = [part for part in parts if part[1].get("class") == "chart-line"]
    assert line[1]["d"].startswith("M56 ")
    assert line[1]["d"].count("L") == 1
    points = [part for part in parts if part[1].get("class") in ("chart-dot", "chart-record")]
    titles = {about["class"]: title for _, about, [_, _, title] in points}
    assert titles == {"chart-dot": "a", "chart-record": "b"}


def test_one_point_is_in_the_middle(run):
    points = "[{x: 5, y: 80, label: 'a', isMarked: false}]"
    words = "{title: '', labelX: String, labelY: String}"
    *_, dot = run("charts/line-chart.js", f"m.lineChart({points}, {words}, 300)")
    assert (dot[0], dot[1]["cx"], dot[1]["cy"]) == ("circle", 172, 122)


def test_of_ten_years_only_records_are_dots_and_times_are_evenly_spread(run):
    day = 86_400_000
    points = (
        "Array.from({length: 3650}, (_, place) => ({x: place * "
        f"{day}, y: 60 + place % 40, label: '', isMarked: place === 3599}}))"
    )
    words = f"{{title: '', labelX: (time) => Math.round(time / {day}), labelY: String}}"
    _, _, *parts = run("charts/line-chart.js", f"m.lineChart({points}, {words}, 600)")
    classes = [part[1].get("class") for part in parts]
    assert classes.count("chart-record") == 1
    assert "chart-dot" not in classes
    days = [part[2] for part in parts if part[0] == "text" and part[1]["y"] == 252]
    steps = {later - earlier for earlier, later in itertools.pairwise(days)}
    assert (days[0], days[-1]) == (0, 3649)
    assert max(steps) - min(steps) <= 1


def test_each_day_has_its_place(run):
    words = "{title: '', labelMonth: String, labelDay: (day, count) => `${day} ${count}`}"
    sets = "new Map([['2024-02-29', 10], ['2024-03-01', 2]])"
    call = f"m.heatMap('2024-01-01', '2024-12-31', {sets}, {words}, 1)"
    _, _, *parts = run("charts/heat-map.js", call)
    days = [part for part in parts if part[0] == "rect"]
    assert len(days) == 366
    # 1 January 2024 is a Monday: the first row of the first column
    assert (days[0][1]["x"], days[0][1]["y"]) == (0, 18)
    told = {part[2][2]: part[1]["class"] for part in days if len(part) > 2}
    assert told == {"2024-02-29 10": "heat-4", "2024-03-01 2": "heat-1"}


@pytest.mark.parametrize(
    ("weight", "bar", "unit", "plates", "rest"),
    [
        (102.5, 20, "kg", [25, 15, 1.25], 0),
        (20, 20, "kg", [], 0),
        (101, 20, "kg", [25, 15], 0.5),
        (225, 45, "lb", [45, 45], 0),
    ],
)
def test_plates_of_one_side(run, weight, bar, unit, plates, rest):
    found = run("plates.js", f"m.platesFor({weight}, {bar}, '{unit}')")
    assert found == {"plates": plates, "rest": rest}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1:30", 90), ("1:00:05", 3605), ("0,5", 0.5), ("", None), ("x", None)],
)
def test_times_as_people_type_them(run, text, seconds):
    assert run("workout.js", f"m.parseDuration('{text}')") == seconds


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (106, "seconds", "1:46"),
        (281.2, "seconds_per_km", "4:41 min/km"),
        (1234.5, "kg", "1,234.5 kg"),
        (13, "reps", "13 reps"),
    ],
)
def test_values_are_written_as_people_do(run, value, unit, expected):
    assert run("format.js", f"m.formatValue({value}, '{unit}')") == expected
