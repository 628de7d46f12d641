"""After all kinds of traffic there is nothing in Redis but what the list of keys says.

The system is the one of all other tests, so this looks at what they left behind, too.
"""

import pytest
from redis import Redis

from services.dependencies.redis_keys import CACHE, COUNTERS, FAMILIES, LONGEST, family_of
from tests.waiting import eventually

PREFIXES = {CACHE: "REDIS", COUNTERS: "REDIS_COUNTERS"}
TODAY = "2026-11-20"
NO_ID = 2**53
MANY = "x" * 90


@pytest.fixture
def keys(system):
    """The keys of a store, and the seconds that each has left."""

    def look(store):
        host, port = (
            system.environment[f"{PREFIXES[store]}_{field}"] for field in ("HOST", "PORT")
        )
        with Redis(host, int(port)) as client:
            return {key: client.ttl(key) for key in client.scan_iter(count=1000)}

    return look


@pytest.fixture
def traffic(http, person):
    token = person.token()
    body = {"date": TODAY, "exercises": [{"exercise_id": 1, "sets": [{"reps": 5, "weight": 50}]}]}
    workout = http.post("/api/workouts", json=body, token=token).json()["data"][0]
    # what is empty is not kept
    records = "/api/stats/personal-records"
    eventually(lambda: http.get(records, token=token).json()["data"][0]["records"])
    http.put(f"/api/workouts/{workout['id']}", json={"name": "changed"}, token=token)
    for _ in range(2):
        for path in (
            "/api/exercises?limit=100&sort=name:desc",
            f"/api/exercises?category=strength,cardio&equipment={MANY},{MANY[1:]}",
            f"/api/exercises?search={MANY}",
            "/api/exercises/search?q=%F0%9F%8F%8B%F0%9F%8F%8B%F0%9F%8F%8B",
            f"/api/exercises/facets?muscles={MANY}",
            "/api/exercises/1",
            f"/api/exercises/{NO_ID}",
            f"/api/workouts/{workout['id']}",
            f"/api/workouts/{NO_ID}",
            "/api/exercises/last?ids=1",
            "/api/workouts?date_from=2026-01-01&sort=name:asc,date:desc&limit=3",
            records,
            "/api/stats/exercise/1/history?range=1year&unit=month",
            "/api/stats/exercise/1/records",
            "/api/stats/exercise/1/rep-maxes?formula=brzycki",
            f"/api/stats/exercise/{NO_ID}/records",
            f"/api/stats/exercise/{NO_ID}/history",
            "/api/stats/progress?period=monthly",
            "/api/stats/muscles?weeks=53",
            "/api/stats/calendar?year=2026",
            "/api/stats/streak",
            "/api/stats/weekly-summary",
        ):
            http.get(path, token=token)
    # what is cached of the catalogue alone has been made by now
    http.post("/api/exercises", json={"name": "Own", "measure": "reps"}, token=token)
    http.get("/api/exercises?mine=true", token=token)
    http.delete(f"/api/workouts/{NO_ID}", token=token)
    http.delete(f"/api/workouts/{workout['id']}", token=token)
    fat = {"kind": "fat", "value": 18, "unit": "%", "measured_at": f"{TODAY}T07:30:00Z"}
    http.post("/api/measurements", json=fat, token=token)
    http.put("/api/users/me", json={"locale": "de"}, token=token)
    http.post("/api/users/logout", token=token)
    return person.id


@pytest.mark.slow
@pytest.mark.parametrize("store", PREFIXES)
def test_every_key_is_of_a_family(keys, traffic, store):
    found = keys(store)
    assert any(str(traffic).encode() in key for key in found) or store == COUNTERS
    for key, seconds in found.items():
        family = family_of(key.decode(), store)
        assert family, key
        # -2 has ended since
        assert seconds == -2 or 0 <= seconds <= (family.seconds or 3600), (key, seconds)
        assert len(key) <= LONGEST[store]


@pytest.mark.slow
def test_the_families_of_both_stores_have_been_seen(keys, traffic):
    for family in FAMILIES:
        if family.seconds is not None:  # limits are off
            assert any(family.matches(key.decode()) for key in keys(family.store)), family.key


@pytest.mark.slow
def test_a_look_at_what_does_not_exist_leaves_nothing_for_longer_than_a_request(keys, http, person):
    for number in range(20):
        http.get(f"/api/workouts/{NO_ID - number}", token=person.token())
        http.delete(f"/api/workouts/{NO_ID - number}", token=person.token())
        http.get(f"/api/stats/exercise/{NO_ID - number}/history", token=person.token())
    ids = [str(NO_ID - number).encode() for number in range(20)]
    left = {key: seconds for key, seconds in keys(CACHE).items() if any(i in key for i in ids)}
    assert len(left) >= 20
    assert all(seconds <= 15 for seconds in left.values()), left
