"""One's own profile over HTTP, on the whole running system."""

import pytest
from redis import Redis

ME = "/api/users/me"
SETTINGS = {
    "time_zone": "America/Sao_Paulo",
    "weight_unit": "lb",
    "week_start": "saturday",
    "one_rep_max_formula": "lombardi",
    "weekly_goal": 21,
    "weekly_sets_least": 8,
    "weekly_sets_most": 16,
    "locale": "pt-BR",
    "weekly_summary_mail": True,
}
NOTHING = dict.fromkeys(SETTINGS) | {"weekly_summary_mail": False}


def me(http, user):
    answer = http.get(ME, token=user.token)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    return answer.json()["data"][0]


def test_at_first_nothing_is_set(http, new_user):
    user = new_user()
    profile = http.get(f"/api/users/{user.id}", token=user.token).json()["data"][0]

    assert me(http, user) == profile | NOTHING


def test_setting_and_clearing(http, new_user):
    user = new_user()
    before = me(http, user)

    answer = http.put(ME, SETTINGS | {"name": "Jo"}, token=user.token)

    assert answer.status_code == 200
    assert answer.json()["data"] == [before | SETTINGS | {"name": "Jo"}]
    assert me(http, user) == before | SETTINGS | {"name": "Jo"}
    http.put(ME, {"name": None, "weekly_goal": None}, token=user.token)
    assert me(http, user) == before | SETTINGS | {"weekly_goal": None}


def test_everybody_has_their_own(http, new_user):
    user, other = new_user(), new_user()
    http.put(ME, SETTINGS, token=user.token)

    assert me(http, other).items() >= NOTHING.items()


@pytest.mark.parametrize("other", ["lbs", "LB"])
def test_units_are_spelled_as_with_sets(http, new_user, other):
    user = new_user()
    answer = http.put(ME, {"weight_unit": other}, token=user.token)
    assert answer.status_code == (200 if other == "lbs" else 400)
    assert me(http, user)["weight_unit"] == ("lb" if other == "lbs" else None)


def test_all_faults_at_once(http, new_user):
    user = new_user()
    body = {
        "time_zone": "Mars/Olympus",
        "weekly_goal": 22,
        "locale": "pt_BR",
        "role": "admin",
        "id": 1,
    }

    answer = http.put(ME, SETTINGS | body, token=user.token)

    assert answer.status_code == 400
    assert {
        error["field"]: error["details"]["constraint"] for error in answer.json()["errors"]
    } == {
        "time_zone": "one_of",
        "weekly_goal": "max",
        "locale": "locale",
        "role": "unknown_field",
        "id": "unknown_field",
    }
    assert me(http, user).items() >= NOTHING.items()


@pytest.mark.parametrize(
    ("setting", "first", "second"),
    [
        ("one_rep_max_formula", "brzycki", "epley"),
        ("time_zone", "Europe/Berlin", "Pacific/Auckland"),
        ("weekly_goal", 3, 4),
        ("weekly_sets_least", 8, 9),
        ("weekly_sets_most", 30, None),
    ],
)
def test_what_numbers_depend_on_is_known_to_the_gateways_at_once(
    http, system, new_user, setting, first, second
):
    user = new_user()
    redis = Redis(port=int(system.environment["REDIS_PORT"]), decode_responses=True)
    generations = []
    for value in (first, first, second):
        http.put(ME, {setting: value}, token=user.token)
        me(http, user)
        generations.append(redis.get(f"user:{user.id}:tokens:version"))
    redis.close()

    assert generations[0] == generations[1] != generations[2]


def test_estimates_go_by_the_formula_that_was_set(http, new_user):
    user = new_user()
    path = "/api/stats/one-rep-max?weight=100&reps=10"
    rep_maxes = "/api/stats/exercise/1/rep-maxes"

    def formulas():
        # twice: the second of what is cached is from the gateway's own memory
        paths = (path, f"{path}&formula=brzycki", rep_maxes, rep_maxes)
        return [http.get(each, token=user.token).json()["data"][0]["formula"] for each in paths]

    assert formulas() == ["epley", "brzycki", "epley", "epley"]
    http.put(ME, {"one_rep_max_formula": "lombardi"}, token=user.token)
    assert formulas() == ["lombardi", "brzycki", "lombardi", "lombardi"]
    http.put(ME, {"one_rep_max_formula": None}, token=user.token)
    assert formulas() == ["epley", "brzycki", "epley", "epley"]
