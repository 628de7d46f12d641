"""Files of a take-out, put together from parts."""

import csv
import io
import json

from services.dependencies.taking_out import LARGEST, Table, part


def whole(tables, source=None):
    """Return the files, what is said of them, and the number of parts."""
    files, about, cursor, count = {}, {}, None, 0
    while True:
        # as JSON has it on its way
        found = json.loads(json.dumps(part(tables, source, 1, cursor)))
        for name, text in found["files"].items():
            files[name] = files.get(name, "") + text
        about |= found["about"]
        count, cursor = count + 1, found["next"]
        if cursor is None:
            return files, about, count


def numbered(size, at_once, length=0):
    """Return the page of a table with so many documents."""

    def page(_source, _user_id, after):
        first = after or 0
        last = min(first + at_once, size)
        found = [{"id": each, "text": "x" * length} for each in range(first, last)]
        return found, last if last < size else None

    return page


def rows(text):
    return [*csv.reader(io.StringIO(text, newline=""))]


def test_pages_become_one_list_and_one_table():
    table = Table("things", "Things.", ["id", "text"], numbered(5, 2), ["things"])
    files, about, count = whole([table])
    assert [each["id"] for each in json.loads(files["things.json"])] == [0, 1, 2, 3, 4]
    assert rows(files["things.csv"]) == [["id", "text"], *([str(n), ""] for n in range(5))]
    assert (about, count) == ({"things": "Things."}, 1)


def test_what_is_long_comes_in_parts():
    long = Table("long", "Long.", ["id", "text"], numbered(20, 3, LARGEST // 8), [])
    short = Table("short", "Short.", ["id"], numbered(1, 1), [])
    files, about, count = whole([short, long, short])
    assert count >= 5
    assert len(json.loads(files["long.json"])) == 20
    assert len(rows(files["long.csv"])) == 21
    assert [*about] == ["short", "long"]


def test_pages_may_be_empty_and_so_may_all_of_it():
    def page(_source, _user_id, after):
        return ([{"id": 7}] if after == 2 else []), (after or 0) + 1 if (after or 0) < 4 else None

    files, _, _ = whole([Table("some", "", ["id"], page, [])])
    assert json.loads(files["some.json"]) == [{"id": 7}]
    files, _, _ = whole([Table("none", "", ["id"], numbered(0, 1), [])])
    assert (json.loads(files["none.json"]), files["none.csv"]) == ([], "id\r\n")


def test_cells_are_what_a_spreadsheet_may_have():
    document = {
        "text": "=1+1",
        "list": ["-a", "b"],
        "nothing": None,
        "number": -1.5,
        "flag": True,
        "inner": {"text": "@x"},
        "items": [{"a": 1}],
    }
    columns = ["text", "list", "nothing", "number", "flag", "inner.text", "nothing.text", "items"]
    table = Table("one", "", columns, lambda *_: ([document], None), [])
    files, _, _ = whole([table])
    cells = ["'=1+1", "'-a, b", "", "-1.5", "true", "'@x", "", '[{"a":1}]']
    assert rows(files["one.csv"])[1] == cells
    assert json.loads(files["one.json"]) == [document]
