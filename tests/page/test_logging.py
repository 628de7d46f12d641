"""Logging a workout in the page: fast, offline, in two tabs, and never twice."""

import pytest

from tests.waiting import eventually

BENCH = "Barbell Bench Press"
OFFLINE = "ERR_INTERNET_DISCONNECTED"


def log_bench(page, weight="100", reps="5"):
    page.go("log")
    page.is_at("Log a workout")
    page.add_exercise(BENCH)
    page.type_set(weight=weight, reps=reps)
    page.press("Done")


def test_a_workout_is_logged_and_its_records_are_shown(signed_in):
    page = signed_in
    log_bench(page, "102,5")
    page.press("Finish the workout")
    page.says("The workout is saved")
    page.shows("5 × 102.5 kg", "Best estimated one-rep max", "119.58 kg")
    [workout] = page.api("GET", "/api/workouts")
    assert (workout["set_count"], workout["total_volume"]) == (1, 512.5)
    assert workout["started_at"] is not None


@pytest.mark.slow
def test_last_time_is_beside_the_set_and_two_taps_log_it(signed_in):
    page = signed_in
    sets = [{"reps": 8, "weight": 80}, {"reps": 6, "weight": 85}]
    exercises = [{"exercise_id": 1, "sets": sets}]
    page.api("POST", "/api/workouts", {"date": "2026-01-05", "exercises": exercises})
    page.go("log")
    page.add_exercise(BENCH)
    page.press("Done")
    page.press("Add a set")
    page.press("As the last time: 6 × 85 kg")
    page.press("Done")
    assert page.set_field("weight", place=1).get_attribute("value") == "85"
    page.press("Finish the workout")
    page.says("The workout is saved")
    page.shows("8 × 80 kg", "6 × 85 kg")


@pytest.mark.slow
def test_supersets_holds_set_types_and_notes(signed_in):
    page = signed_in
    page.go("log")
    page.add_exercise(BENCH)
    page.type_set(weight="60", reps="8")
    page.choose(".exercise [id^='type-']", "warmup")
    page.choose(".exercise [id^='rpe-']", "7.5")
    page.add_exercise("Plank")
    page.type_set(exercise=1, duration="1:30")
    for number in range(2):
        page.open_options(number)
        exercise = page.all(".exercise")[number]
        exercise.find_element("css selector", "[id^='superset-'] option[value='1']").click()
    page.press("Finish the workout")
    page.says("The workout is saved")
    page.shows("Superset 1", "Warm-up", "RPE 7.5", "1:30")
    assert "90" not in page.text(), "seconds are no repetitions"
    [listed] = page.api("GET", "/api/workouts")
    [workout] = page.api("GET", f"/api/workouts/{listed['id']}")
    bench, plank = workout["exercises"]
    assert bench["superset"] == plank["superset"] == 1
    assert bench["sets"][0]["set_type"] == "warmup"
    assert plank["sets"][0]["duration_seconds"] == 90


@pytest.mark.slow
def test_what_is_typed_survives_a_reload(signed_in):
    page = signed_in
    page.go("log")
    page.add_exercise(BENCH)
    page.type_set(weight="97.5", reps="4")
    page.type("#name", "Heavy day")
    page.driver.refresh()
    page.is_at("Log a workout")
    assert page.set_field("weight").get_attribute("value") == "97.5"
    assert page.find("#name").get_attribute("value") == "Heavy day"


@pytest.mark.slow
def test_a_set_that_is_not_complete_is_told_at_its_field(signed_in):
    page = signed_in
    log_bench(page, "heavy", "")
    page.press("Finish the workout")
    page.says("Some sets are not complete")
    page.shows("Weight is not a number", "Reps is missing")
    assert page.set_field("weight").get_attribute("aria-invalid") == "true"
    assert page.driver.switch_to.active_element == page.set_field("weight")
    page.type_set(weight="80", reps="5")
    page.press("Finish the workout")
    page.says("The workout is saved")


def test_without_a_network_it_is_kept_and_sent_once(signed_in):
    page = signed_in
    page.expected_problems = [OFFLINE]
    page.go("log")
    page.is_at("Log a workout")
    # found without a network, as the list was kept
    page.driver.execute_async_script(
        "const done = arguments[0]; navigator.serviceWorker.ready.then(() => done(true));"
    )
    eventually(lambda: kept_exercises(page) > 100)
    page.set_offline(True)
    try:
        log_bench(page, "90", "6")
        page.press("Finish the workout")
        page.says("The workout is kept here")
        page.shows("Waiting to be sent")
        page.driver.refresh()
        page.is_at("Log a workout")
        page.shows("Waiting to be sent")
    finally:
        page.set_offline(False)
    page.driver.refresh()
    page.is_at("Log a workout")

    def is_sent():
        assert "Waiting to be sent" not in page.text()
        return True

    eventually(is_sent, 40)
    [workout] = page.api("GET", "/api/workouts")
    assert workout["total_volume"] == 540


def kept_exercises(page):
    return page.driver.execute_async_script(
        """
        const done = arguments[0];
        const request = indexedDB.open("gym-tracker");
        // only looked at: the page itself makes it
        request.onupgradeneeded = () => request.transaction.abort();
        request.onerror = () => done(0);
        request.onsuccess = () => {
          const all = request.result.transaction("exercises").objectStore("exercises").getAll();
          all.onsuccess = () => {
            request.result.close();
            done(all.result[0]?.exercises.length ?? 0);
          };
        };
        """
    )


@pytest.mark.slow
@pytest.mark.parametrize("answers_lost", [1])
def test_an_answer_that_was_lost_makes_no_second_workout(signed_in, answers_lost):
    page = signed_in
    log_bench(page)
    page.driver.execute_script(
        """
        const real = window.fetch;
        let left = arguments[0];
        window.fetch = async (path, options) => {
          const answer = await real(path, options);
          if (options?.method === "POST" && path === "/api/workouts" && left > 0) {
            left -= 1;
            throw new TypeError("the answer was lost");
          }
          return answer;
        };
        """,
        answers_lost,
    )
    page.press("Finish the workout")
    page.says("The workout is kept here")
    page.press("Send now")
    eventually(lambda: "Waiting to be sent" not in page.text())
    assert len(page.api("GET", "/api/workouts")) == 1


@pytest.mark.slow
def test_two_tabs_send_a_workout_once(signed_in):
    page = signed_in
    page.expected_problems = [OFFLINE]
    page.go("log")
    page.add_exercise(BENCH)
    page.type_set(weight="100", reps="5")
    page.set_offline(True)
    page.press("Finish the workout")
    page.says("The workout is kept here")
    page.set_offline(False)
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    try:
        page.open("log")
        page.is_at("Log a workout")
        eventually(lambda: "Waiting to be sent" not in page.text(), 40)
    finally:
        page.driver.close()
        page.driver.switch_to.window(first)
    page.open("history")
    page.is_at("History")
    assert len(page.api("GET", "/api/workouts")) == 1


@pytest.mark.slow
def test_a_discarded_workout_can_be_brought_back(signed_in):
    page = signed_in
    page.go("log")
    page.add_exercise(BENCH)
    page.press("Discard")
    page.says("The workout was discarded")
    assert not page.all(".exercise")
    page.find("#message button").click()
    page.find(".exercise")
    page.shows(BENCH)


@pytest.mark.slow
def test_the_plates_of_a_bar(signed_in):
    page = signed_in
    page.go("log")
    page.add_exercise(BENCH)
    page.type_set(weight="102.5", reps="5")
    page.press("Done")
    page.open_options()
    page.shows("Each side: 25 + 15 + 1.25")


def set_date(page, value):
    page.find("#date")
    # what the keys of a date field mean depends on the language
    script = (
        "const field = document.querySelector('#date'); field.value = arguments[0];"
        "field.dispatchEvent(new Event('input', {bubbles: true}));"
    )
    page.driver.execute_script(script, value)


@pytest.mark.slow
def test_a_workout_of_another_day(signed_in):
    page = signed_in
    log_bench(page)
    set_date(page, "2026-01-05")
    page.type("#minutes", "55")
    page.press("Finish the workout")
    page.says("The workout is saved")
    page.shows("Jan 5, 2026 · 55 minutes")
    [listed] = page.api("GET", "/api/workouts")
    [workout] = page.api("GET", f"/api/workouts/{listed['id']}")
    assert (workout["date"], workout["started_at"]) == ("2026-01-05", None)


@pytest.mark.slow
def test_a_workout_moves_to_another_day_with_its_times(signed_in):
    page = signed_in
    times = {"started_at": "2026-07-06T18:00:00+02:00", "ended_at": "2026-07-06T19:00:00+02:00"}
    sets = {"exercises": [{"exercise_id": 1, "sets": [{"reps": 5, "weight": 100}]}]}
    body = times | sets | {"time_zone": "Europe/Berlin"}
    [made] = page.api("POST", "/api/workouts", body)
    page.open(f"edit/{made['id']}")
    set_date(page, "2026-01-05")
    page.press("Save")
    page.says("The change is saved")
    [workout] = page.api("GET", f"/api/workouts/{made['id']}")
    assert workout["date"] == "2026-01-05"
    # the same time by the clock, in winter
    assert workout["started_at"] == "2026-01-05T18:00:00+01:00"
    assert workout["ended_at"] == "2026-01-05T19:00:00+01:00"
    assert workout["duration_minutes"] == 60
    page.open(f"edit/{made['id']}")
    page.type("#minutes", "45")
    page.press("Save")
    page.says("The change is saved")
    page.shows("45 minutes")


@pytest.mark.slow
def test_a_set_is_likely_as_the_one_before(signed_in):
    page = signed_in
    log_bench(page, "60", "8")
    page.press("Add a set")
    page.press("As the set before: 8 × 60 kg")
    page.press("Add a set")
    # with nothing typed
    page.press("Done")
    page.press("Finish the workout")
    page.says("The workout is saved")
    [workout] = page.api("GET", "/api/workouts")
    assert (workout["set_count"], workout["total_volume"]) == (3, 1440)


@pytest.mark.slow
def test_an_exercise_in_another_unit(signed_in):
    page = signed_in
    page.go("log")
    page.add_exercise(BENCH)
    page.open_options()
    page.choose("[id^='unit-']", "lb")
    page.type_set(weight="225", reps="5")
    page.press("Finish the workout")
    page.says("The workout is saved")
    page.shows("5 × 225 lb")


@pytest.mark.slow
def test_one_of_the_last_is_done_again_and_nothing_typed_is_lost(signed_in):
    page = signed_in
    exercises = [{"exercise_id": 2, "sets": [{"reps": 5, "weight": 140}]}]
    day = {"date": "2026-01-05", "name": "Legs"}
    [made] = page.api("POST", "/api/workouts", day | {"exercises": exercises})
    page.go("log")
    page.press("Legs · Jan 5, 2026")
    eventually(lambda: page.texts(".exercise h2") == ["Barbell Squat"])
    assert page.set_field("weight").get_attribute("value") == "140"
    page.type("#name", "Mine")
    page.open(f"history/{made['id']}")
    page.press("Do it again")
    page.says("What was typed before has made room")
    page.find("#message button").click()
    eventually(lambda: page.find("#name").get_attribute("value") == "Mine")


def test_distances_and_times_are_shown_as_such(signed_in):
    page = signed_in
    sets = [{"distance_m": 5000, "duration_seconds": 1500}]
    body = {"date": "2026-01-05", "exercises": [{"exercise_id": 5, "sets": sets}]}
    [made] = page.api("POST", "/api/workouts", body)
    page.open(f"history/{made['id']}")
    page.shows("25:00 · 5 km")
    page.open("exercises/5")
    page.shows("Distance (m)", "Fastest pace", "5:00 min/km", "Farthest", "5 km")
    assert "Rep maxes" not in page.text()


@pytest.mark.slow
def test_what_is_open_stays_open(signed_in):
    page = signed_in
    page.go("log")
    page.add_exercise(BENCH)
    page.add_exercise("Plank")
    page.open_options(1)
    options = ".exercise:nth-of-type(2) details[open]"
    page.choose(f"{options} [id^='superset-']", "1")
    page.shows("Superset 1")
    assert len(page.all(".exercise details[open]")) == 1
    page.press("Move up")
    eventually(lambda: page.texts(".exercise h2")[0].startswith("Plank"))
    assert page.all(".exercise:nth-of-type(1) details[open]")
    assert len(page.all(".exercise details[open]")) == 1
