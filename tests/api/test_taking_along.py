"""An account that is exported as JSON and imported into another: the two are equal."""

import json

import pytest

from tests.api.whole_account import SECONDS, Importer, fill
from tests.waiting import eventually


@pytest.fixture
def first(http, new_user):
    return fill(Importer(http, new_user()))


@pytest.fixture
def second(http, new_user):
    return Importer(http, new_user())


def numbers(account):
    """Return all that is computed of an account, with names in place of ids."""
    names = {key: name for name, key in account.exercises().items()}
    found = {"records": account.ask("GET", "/api/stats/personal-records")}
    found["progress"] = account.ask("GET", "/api/stats/progress?period=weekly&weeks=52")
    for exercise_id, name in names.items():
        path = f"/api/stats/exercise/{exercise_id}"
        found[name] = [
            account.ask("GET", f"{path}/history?range=all"),
            account.ask("GET", f"{path}/records"),
            account.ask("GET", f"{path}/rep-maxes"),
        ]
    return without_ids(found)


def without_ids(value):
    if isinstance(value, dict):
        ids = ("workout_id", "exercise_id", "user_id", "id")
        return {key: without_ids(each) for key, each in value.items() if key not in ids}
    if isinstance(value, list):
        return sorted(map(without_ids, value), key=json.dumps)
    return value


@pytest.mark.slow
def test_json_out_and_in_again_gives_an_equal_account(first, second):
    content = first.exported()
    preview = second.preview(content)
    assert (preview["source"], preview["needs"]) == ("gym", [])
    assert (preview["faults"], preview["warnings"]) == ([], [])
    assert {each["why"] for each in preview["names"]} == {"exact", "new"}
    count = len(json.loads(content)["workouts"])
    assert preview["counts"]["new"] == preview["counts"]["workouts"] == count
    assert second.ask("GET", "/api/workouts") == []
    done = second.apply(preview["id"])
    assert (done["status"], done["added"], done["error"]) == ("applied", count, None)
    assert json.loads(second.exported()) == json.loads(content)
    assert second.exported() == content

    def is_counted():
        assert numbers(second) == numbers(first)
        return True

    eventually(is_counted, SECONDS)


@pytest.mark.slow
def test_the_export_of_an_account_is_in_it_already(first):
    content = first.exported()
    preview = first.preview(content)
    assert preview["counts"]["same"] == preview["counts"]["workouts"]
    done = first.apply(preview["id"], "?on_changed=update&likely_same=add")
    assert (done["added"], done["updated"]) == (0, 0)
    assert first.exported() == content
