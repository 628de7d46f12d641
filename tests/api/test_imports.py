"""Bringing in what another app has exported, over HTTP."""

import pytest

from tests.rules.workouts.imports.files import STRONG
from tests.waiting import eventually

PATH = "/api/imports"
GIVEN = "?time_zone=Europe/Berlin&weight_unit=kg"
CSV = {"Content-Type": "text/csv"}
JSON = {"Content-Type": "application/json"}
SECONDS = 60


def row(exercise, weight, reps, start="2025-02-01 10:00:00"):
    return f"{start},Legs,1h,{exercise},1,{weight},{reps},0,0,,,"


FILE = "\n".join([STRONG, row("Squat (Barbell)", 100, 5), row("Shoulder Press", 40, 8), ""])


class Imports:
    """A user's imports."""

    def __init__(self, http, user):
        self.http = http
        self.token = user.token

    def send(self, text=FILE, query=GIVEN, headers=CSV):
        data = text if isinstance(text, bytes) else text.encode()
        return self.http.request("POST", PATH + query, token=self.token, headers=headers, data=data)

    def ask(self, method, path="", **options):
        return self.http.request(method, PATH + path, token=self.token, **options)

    def get(self, import_id):
        return self.ask("GET", f"/{import_id}").json()["data"][0]

    def wait(self, import_id, status):
        def is_there():
            found = self.get(import_id)
            assert found["status"] == status, found
            return found

        return eventually(is_there, SECONDS)

    def workouts(self):
        return self.http.get("/api/workouts", token=self.token).json()["data"]


@pytest.fixture
def imports(http, new_user):
    return Imports(http, new_user())


def only_error(answer, status):
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    return error


def test_a_history_comes_in_and_goes_out_again(imports):
    answer = imports.send()
    assert answer.status_code == 202
    import_id = answer.json()["data"][0]["id"]
    assert answer.headers["Location"] == f"{PATH}/{import_id}"

    preview = imports.wait(import_id, "preview")
    assert (preview["counts"]["workouts"], preview["counts"]["sets"]) == (1, 2)
    asked, _ = preview["names"]
    assert (asked["name"], asked["why"]) == ("Shoulder Press", "ask")
    refused = only_error(imports.ask("POST", f"/{import_id}/apply"), 422)
    assert refused["field"] == "mapping"
    assert imports.workouts() == []

    chosen = asked["choices"][0]["id"]
    mapped = imports.ask("PUT", f"/{import_id}/mapping", json={"Shoulder Press": chosen})
    assert mapped.json()["data"][0]["names"][-1]["exercise_id"] is not None
    applied = imports.ask("POST", f"/{import_id}/apply?on_changed=update")
    assert applied.status_code == 202
    assert imports.wait(import_id, "applied")["added"] == 1
    [workout] = imports.workouts()
    assert (workout["date"], workout["set_count"]) == ("2025-02-01", 2)
    assert workout["started_at"] == "2025-02-01T10:00:00+01:00"

    assert imports.ask("POST", f"/{import_id}/undo?force=true").status_code == 202
    imports.wait(import_id, "undone")
    assert imports.workouts() == []


def test_the_list_has_the_newest_first(imports):
    ids = [imports.send().json()["data"][0]["id"] for _ in range(2)]
    answer = imports.ask("GET", "?limit=1")
    assert [each["id"] for each in answer.json()["data"]] == ids[1:]
    assert answer.json()["meta"]["page"]["total_items"] == 2
    imports.wait(ids[0], "preview")
    assert imports.ask("DELETE", f"/{ids[0]}").json()["data"] == [{"id": ids[0], "deleted": True}]
    assert imports.ask("GET", f"/{ids[0]}").status_code == 404


def test_a_file_of_several_pieces_arrives_whole(imports):
    rows = [row("Squat (Barbell)", 100, 5, f"2025-01-{day:02} 10:00:00") for day in range(1, 31)]
    text = "\n".join([STRONG, *(each for each in rows for _ in range(90)), ""])
    wide = text.replace(",,,\n", f",{'n' * 150},,\n")
    assert len(wide) > 512 * 1024
    import_id = imports.send(wide).json()["data"][0]["id"]
    counts = imports.wait(import_id, "preview")["counts"]
    assert (counts["workouts"], counts["sets"]) == (30, 2700)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("Day,Food\n2025-02-01,Rice\n", "columns"),
        (STRONG, "min_items"),
        (b"PK\x03\x04 is a zip", "text"),
        (f"{STRONG}\n".encode() + b"\xff\xfe\xfa\n", "encoding"),
    ],
)
def test_a_file_that_can_not_be_read_says_why(imports, text, constraint):
    import_id = imports.send(text).json()["data"][0]["id"]
    assert imports.wait(import_id, "failed")["error"]["constraint"] == constraint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        (FILE, "json"),
        ('{"title": "x"}', "columns"),
        ("[]", "columns"),
        ('{"format": "gym-tracker", "version": 1, "workouts": [{"date": "2025', "json"),
        (b'{"format": "\xff"}', "encoding"),
    ],
)
def test_json_that_is_no_export_of_ours_says_why(imports, text, constraint):
    import_id = imports.send(text, query="", headers=JSON).json()["data"][0]["id"]
    assert imports.wait(import_id, "failed")["error"]["constraint"] == constraint


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?time_zone=Mars/Phobos", "time_zone"),
        ("?weight_unit=stone", "weight_unit"),
        ("?language=Polski", "language"),
        ("?x=1", "x"),
    ],
)
def test_what_is_said_of_a_file_is_checked_before_it_is_taken(imports, query, field):
    assert only_error(imports.send(query=query), 400)["field"] == field
    assert imports.ask("GET").json()["data"] == []


def test_json_has_no_language(imports):
    answer = imports.send(query="?language=pl", headers={"Content-Type": "application/json"})
    error = only_error(answer, 400)
    assert (error["field"], error["details"]["constraint"]) == ("language", "unknown_parameter")
    assert imports.ask("GET").json()["data"] == []


def test_another_media_type_is_refused(imports):
    answer = imports.send(headers={"Content-Type": "application/zip"})
    assert only_error(answer, 415)
    assert answer.headers["Accept"] == "text/csv, application/json"


@pytest.mark.parametrize(
    ("source", "media_type"),
    [("strong", "application/json"), ("hevy", "application/json"), ("gym", "text/csv")],
)
def test_an_app_s_files_have_its_media_type(imports, source, media_type):
    answer = imports.send(query=f"?source={source}", headers={"Content-Type": media_type})
    error = only_error(answer, 400)
    assert (error["field"], error["details"]["constraint"]) == ("source", "one_of")
    assert imports.ask("GET").json()["data"] == []


@pytest.mark.parametrize("media_type", ["text/csv", "application/json"])
def test_too_large_a_file_is_refused(imports, media_type):
    # it is refused by its head, and need not be sent
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {imports.token}\r\n"
    length = f"Content-Type: {media_type}\r\nContent-Length: {20 * 2**20 + 1}\r\n\r\n"
    assert imports.http.raw((head + length).encode()).startswith(b"HTTP/1.1 413 ")


def test_a_broken_off_file_leaves_nothing(imports):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {imports.token}\r\n"
    length = f"Content-Type: text/csv\r\nContent-Length: {len(FILE) + 100}\r\n\r\n"
    imports.http.raw((head + length + FILE).encode())

    def is_gone():
        assert imports.ask("GET").json()["data"] == []
        return True

    assert eventually(is_gone, SECONDS)


def test_a_mapping_to_what_is_not_there_is_refused(imports):
    import_id = imports.send().json()["data"][0]["id"]
    imports.wait(import_id, "preview")
    path = f"/{import_id}/mapping"
    wrong = only_error(imports.ask("PUT", path, json={"Shoulder Press": "what"}), 400)
    assert (wrong["field"], wrong["details"]["constraint"]) == ("Shoulder Press", "type")
    assert only_error(imports.ask("PUT", path, json={"Shoulder Press": 2**40}), 422)
    assert only_error(imports.ask("PUT", path, json={"Sqaut": 2}), 400)["field"] == "Sqaut"
