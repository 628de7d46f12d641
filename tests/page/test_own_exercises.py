"""Exercises of one's own, and what one notes of the catalogue's."""

import pytest

from tests.waiting import eventually

pytestmark = pytest.mark.slow

DEADLIFT = "Barbell Deadlift"


def make(page, name, measure="weight_reps"):
    [made] = page.api("POST", "/api/exercises", {"name": name, "measure": measure})
    return made


def log(page, exercise_id, day="2026-01-05"):
    exercises = [{"exercise_id": exercise_id, "sets": [{"reps": 5, "weight": 60}]}]
    [made] = page.api("POST", "/api/workouts", {"date": day, "exercises": exercises})
    return made


def tick(page, name, value):
    box = page.find(f"main input[name='{name}'][value='{value}']")
    page.driver.execute_script("arguments[0].closest('details').open = true", box)
    box.click()


def test_what_is_not_found_is_made_and_logged_at_once(signed_in):
    page = signed_in
    page.go("log")
    page.type("#search", "Zercher Yoke Walk")
    page.press("Make “Zercher Yoke Walk” an exercise of your own")
    assert page.find("#own-name").get_attribute("value") == "Zercher Yoke Walk"
    page.choose("select[name='measure']", "weight_distance")
    page.press("Make the exercise")
    page.find(".exercise")
    page.type_set(weight="120", distance="20")
    page.press("Finish the workout")
    page.says("The workout is saved")
    page.shows("Zercher Yoke Walk", "20 m × 120 kg")
    [exercise] = page.api("GET", "/api/exercises?mine=true")
    assert exercise["measure"] == "weight_distance"


def test_one_is_made_with_all_that_it_has(signed_in):
    page = signed_in
    page.open("exercises")
    page.find("a[href='#/exercises/new']").click()
    page.is_at("Make an exercise of your own")
    page.type("#own-name", "Paused Bench Press")
    tick(page, "primary_muscles", "chest")
    tick(page, "secondary_muscles", "triceps")
    page.choose("select[name='equipment']", "barbell")
    page.type("textarea[name='notes']", "Two seconds on the chest")
    page.press("Make the exercise")
    page.is_at("Paused Bench Press")
    page.shows("Chest, Triceps", "Barbell", "Two seconds on the chest")
    [made] = page.api("GET", "/api/exercises?mine=true")
    assert made["primary_muscles"] == ["chest"]
    assert made["secondary_muscles"] == ["triceps"]
    page.open("exercises")
    page.find("input[name='mine']").click()
    eventually(lambda: page.texts("main .list a") == ["Paused Bench Press"])


def test_one_is_changed_put_away_and_brought_back(signed_in):
    page = signed_in
    made = make(page, "Curl Thing")
    page.open(f"exercises/{made['id']}/edit")
    page.type("#own-name", "Spider Curl")
    tick(page, "primary_muscles", "biceps")
    page.press("Save")
    page.says("Saved")
    page.is_at("Spider Curl")
    page.find("a[href$='/edit']").click()
    page.press("Put it away")
    page.says("The exercise is put away")
    page.shows("It is put away")
    assert page.api("GET", "/api/exercises?mine=true") == []
    page.find("a[href$='/edit']").click()
    page.press("Bring it back")
    page.says("The exercise is back")
    [found] = page.api("GET", "/api/exercises?mine=true")
    assert (found["name"], found["primary_muscles"]) == ("Spider Curl", ["biceps"])


def test_one_that_is_logged_is_not_deleted(signed_in):
    page = signed_in
    page.expected_problems = ["422"]
    made = make(page, "Spider Curl")
    workout = log(page, made["id"])
    page.open(f"exercises/{made['id']}/edit")
    page.press("Delete it")
    page.says("workout")
    page.api("DELETE", f"/api/workouts/{workout['id']}")
    page.press("Delete it")
    page.says("The exercise is deleted")
    assert page.api("GET", "/api/exercises?mine=true") == []


def test_one_is_merged_into_one_of_the_catalogue(signed_in):
    page = signed_in
    made = make(page, "Heavy Pull")
    workout = log(page, made["id"])
    page.open(f"exercises/{made['id']}/edit")
    page.type("#search", DEADLIFT)
    page.press(DEADLIFT)
    page.shows(f"All that was logged of Heavy Pull becomes that of {DEADLIFT}")
    page.press(f"Merge it into {DEADLIFT}")
    page.says("The exercises are merged")
    page.is_at(DEADLIFT)
    [moved] = page.api("GET", f"/api/workouts/{workout['id']}")
    assert moved["exercises"][0]["exercise_name"] == DEADLIFT
    page.open(f"exercises/{made['id']}")
    page.shows("It was merged into this exercise")
    assert not page.all("main a[href$='/edit']")


def test_notes_and_muscles_of_ones_own(signed_in):
    page = signed_in
    page.open("exercises/1")
    page.type("textarea[name='notes']", "Feet on the floor")
    tick(page, "secondary_muscles", "lats")
    page.press("Save")
    page.says("Saved")
    [exercise] = page.api("GET", "/api/exercises/1")
    assert exercise["mine"] == {
        "notes": "Feet on the floor",
        # as the catalogue has them
        "primary_muscles": None,
        "secondary_muscles": ["lats", *exercise["secondary_muscles"]],
    }
    page.open("exercises/1")
    page.shows("Lats")
    assert page.find("textarea[name='notes']").get_attribute("value") == "Feet on the floor"
