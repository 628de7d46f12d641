"""What the page shows and changes beside logging."""

import re

import pytest

from tests.page.filled import fill
from tests.users_database import query
from tests.waiting import eventually

BENCH = "Barbell Bench Press"
SCREENS = [
    *("overview", "log", "history", "exercises", "exercises/1", "body", "muscles", "transfer"),
    *("settings", "more"),
]
OFFLINE = "ERR_INTERNET_DISCONNECTED"
COLUMNS = (
    "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,"
    "Workout Notes,RPE"
)
STRONG = f"""{COLUMNS}
2025-01-06 18:00:00,"Push",1h,"Bench Press (Barbell)",1,80,5,0,0,"","",
2025-01-06 18:00:00,"Push",1h,"Bench Press (Barbell)",2,82.5,5,0,0,"","",
2025-01-08 18:00:00,"Legs",50m,"Squat (Barbell)",1,100,5,0,0,"","",
"""


def log(page, day="2026-01-05", weight=100, name=None):
    sets = [{"reps": 5, "weight": weight}]
    body = {"date": day, "name": name, "exercises": [{"exercise_id": 1, "sets": sets}]}
    [made] = page.api("POST", "/api/workouts", {k: v for k, v in body.items() if v is not None})
    return made


@pytest.mark.slow
def test_who_signs_out_has_to_sign_in(signed_in):
    page = signed_in
    page.go("more")
    page.press("Sign out")
    page.is_at("Sign in")
    page.driver.refresh()
    page.is_at("Sign in")
    page.fill_in("signin", page.email, "wrong horse battery")
    page.shows("Wrong e-mail or password")
    page.expected_problems = ["401"]
    page.sign_in()


@pytest.fixture
def expired(signed_in, system):
    """A page whose access token ends while its session goes on."""
    page = signed_in
    page.expected_problems = ["401"]
    in_page = page.driver.execute_script
    # the token is in no place where a script could change it, so the next request has a bad one
    in_page(
        """
        const asked = window.fetch;
        window.fetch = (path, options = {}) => {
          const headers = { ...options.headers };
          if (headers.Authorization) {
            headers.Authorization = `${headers.Authorization}x`;
            window.fetch = asked;
          }
          return asked(path, { ...options, headers });
        };
        """
    )
    return page


def sessions_of(page, system):
    user = "(SELECT id FROM users WHERE email = %s)"
    return query(system, f"SELECT id FROM sessions WHERE user_id = {user}", page.email)


def cookies_of(page):
    found = page.driver.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]
    return [cookie["name"] for cookie in found]


@pytest.mark.slow
def test_signing_out_ends_the_session_whatever_became_of_the_token(expired, system):
    page = expired
    page.go("more")
    page.press("Sign out")
    page.is_at("Sign in")
    assert not sessions_of(page, system)
    assert not cookies_of(page)


def test_who_can_not_be_signed_out_is_told_so_and_signed_out_later(signed_in, system):
    page = signed_in
    # the connection for changes comes back at the same time, and may find that the session is over
    page.expected_problems = [OFFLINE, "401"]
    page.go("more")
    page.set_offline(True)
    try:
        page.press("Sign out")
        page.says("You are still signed in")
        page.is_at("More")
        assert cookies_of(page)
    finally:
        page.set_offline(False)
    page.is_at("Sign in")
    page.says("You are signed out")
    assert not sessions_of(page, system)
    assert not cookies_of(page)


@pytest.mark.slow
def test_who_comes_back_is_still_signed_in(signed_in):
    page = signed_in
    page.driver.refresh()
    page.is_at("Overview")
    stored = page.driver.execute_script("return JSON.stringify({...localStorage})")
    assert "eyJ" not in stored
    assert "token" not in stored
    assert page.driver.execute_script("return document.cookie") == ""


@pytest.mark.slow
def test_a_session_that_was_ended_asks_to_sign_in(signed_in):
    page = signed_in
    page.expected_problems = ["401"]
    sessions = page.api("GET", "/api/users/me/sessions")
    for session in sessions:
        if not session["is_current"]:
            page.api("DELETE", f"/api/users/me/sessions/{session['id']}")
    page.go("history")
    page.is_at("Sign in")
    page.says("You are signed out")
    assert not cookies_of(page)
    page.sign_in()


@pytest.mark.slow
def test_an_empty_account_says_so_everywhere(signed_in):
    page = signed_in
    for screen in SCREENS:
        page.open(screen)
        eventually(lambda: "Loading" not in page.text())
        assert not page.all("main [role='alert']:not(:empty)"), screen


def test_names_are_texts_and_never_markup(signed_in):
    page = signed_in
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    body = {"name": f"{evil} press", "measure": "weight_reps"}
    [exercise] = page.api("POST", "/api/exercises", body)
    sets = [{"reps": 5, "weight": 50, "notes": evil}]
    exercises = [{"exercise_id": exercise["id"], "sets": sets, "notes": evil}]
    workout = {"date": "2026-01-05", "name": evil, "notes": evil, "exercises": exercises}
    [made] = page.api("POST", "/api/workouts", workout)
    for address in (f"history/{made['id']}", f"exercises/{exercise['id']}", "overview", "history"):
        page.open(address)
        page.shows(evil)
        assert not page.all("main script, main img")


@pytest.mark.slow
def test_a_workout_is_edited_and_its_records_follow(signed_in):
    page = signed_in
    made = log(page, weight=120)
    page.open(f"history/{made['id']}")
    page.shows("5 × 120 kg", "Heaviest weight")
    page.find("a[href^='#/edit/']").click()
    page.is_at("Edit the workout")
    page.type_set(weight="80")
    page.press("Save")
    page.says("The change is saved")
    page.shows("5 × 80 kg", "Heaviest weight", "80 kg")
    [workout] = page.api("GET", f"/api/workouts/{made['id']}")
    assert workout["exercises"][0]["sets"][0]["weight"] == 80


@pytest.mark.slow
def test_a_change_elsewhere_is_not_overwritten(signed_in):
    page = signed_in
    page.expected_problems = ["409"]
    made = log(page)
    page.open(f"edit/{made['id']}")
    page.is_at("Edit the workout")
    page.api("PUT", f"/api/workouts/{made['id']}", {"name": "Elsewhere"})
    page.type_set(weight="80")
    page.press("Save")
    page.says("changed elsewhere")
    [workout] = page.api("GET", f"/api/workouts/{made['id']}")
    assert workout["name"] == "Elsewhere"


def test_a_deletion_can_be_undone(signed_in):
    page = signed_in
    made = log(page, name="Push")
    page.open(f"history/{made['id']}")
    page.press("Delete")
    page.says("The workout was deleted")
    page.shows("No workouts yet")
    page.find("#message button").click()
    page.says("The workout is back")
    page.shows("5 × 100 kg")
    [listed] = page.api("GET", "/api/workouts")
    assert (listed["name"], listed["total_volume"]) == ("Push", 500)


@pytest.mark.slow
def test_a_workout_is_done_again(signed_in):
    page = signed_in
    made = log(page)
    page.open(f"history/{made['id']}")
    page.press("Do it again")
    page.is_at("Log a workout")
    assert page.set_field("weight").get_attribute("value") == "100"


@pytest.mark.slow
def test_the_calendar_leads_to_the_workouts_of_a_day(signed_in):
    page = signed_in
    log(page, "2026-01-05", name="Push")
    log(page, "2026-01-07", name="Pull")
    page.open("history")
    months = 0
    while eventually(lambda: page.texts(".month strong")) != ["Jan 2026"]:
        before = page.texts(".month strong")
        page.press("The month before")
        eventually(lambda before=before: page.texts(".month strong") != before)
        months += 1
        assert months < 24
    day = page.find(".calendar a[aria-label='Jan 5, 2026: 1 set']")
    assert len(page.all(".calendar a")) == 2
    day.click()
    page.is_at("Jan 5, 2026")
    page.shows("Push")
    assert "Pull" not in page.text()


@pytest.mark.slow
def test_weights_are_shown_in_the_users_unit(signed_in):
    page = signed_in
    log(page, weight=100)
    page.open("settings")
    page.choose("select[name='weight_unit']", "lb")
    page.type("input[name='weekly_goal']", "4")
    page.press("Save")
    page.says("Saved")
    page.open("exercises/1")
    page.shows("220.46 lb")
    [profile] = page.api("GET", "/api/users/me")
    assert (profile["weight_unit"], profile["weekly_goal"]) == ("lb", 4)


@pytest.mark.slow
def test_every_number_is_the_api_s(signed_in):
    page = signed_in
    for day, weight in (("2026-01-05", 80), ("2026-01-07", 85), ("2026-01-09", 82.5)):
        log(page, day, weight)

    def is_counted():
        [history] = page.api("GET", "/api/stats/exercise/1/history?range=all")
        assert len(history["data_points"]) == 3
        return history

    points = eventually(is_counted)["data_points"]
    page.open("exercises/1")
    page.find("figure summary").click()
    rows = eventually(lambda: page.all("figure tbody tr"))
    shown = [float(re.search(r"([\d.]+) kg", row.text)[1]) for row in rows]
    assert shown == [point["max_weight"] for point in reversed(points)]

    def are_sets_shown():
        # again, if what changed elsewhere was shown meanwhile
        page.driver.execute_script("document.querySelector('figure tbody button').click()")
        eventually(lambda: "5 × 82.5 kg" in page.text(), 3)
        return True

    eventually(are_sets_shown, 30)
    [found] = page.api("GET", "/api/stats/exercise/1/rep-maxes")
    page.shows(*[f"{each['estimated']['weight']:g} kg" for each in found["rep_maxes"]])


@pytest.mark.slow
def test_a_measurement_of_the_body(signed_in):
    page = signed_in
    page.open("body")
    page.type("input[name='value']", "82,4")
    page.press("Add")
    page.says("The measurement is saved")
    page.shows("82.4 kg")
    [measurement] = page.api("GET", "/api/measurements")
    assert (measurement["kind"], measurement["value"]) == ("weight", 82.4)
    page.find("main table button").click()
    page.shows("No measurements yet")
    page.type("input[name='value']", "83")
    page.driver.execute_script("document.querySelector('#day').value = '2026-01-05'")
    page.press("Add")
    page.shows("Jan 5, 2026")
    [measurement] = page.api("GET", "/api/measurements")
    assert measurement["measured_at"].startswith("2026-01-05T12:00:00")


@pytest.mark.slow
def test_a_history_comes_in_and_is_undone(signed_in, tmp_path):
    page = signed_in
    file = tmp_path / "strong.csv"
    file.write_text(STRONG)
    page.open("transfer")
    page.find("input[type='file']").send_keys(str(file))
    page.press("Read the file")
    page.shows("Ready to be imported", "All names are known", seconds=30)
    page.press("Import")
    page.shows("2 workouts were added", seconds=30)
    page.open("history")
    page.shows("Push", "Legs")
    page.open("transfer")
    page.find("main a[href^='#/transfer/']").click()
    page.press("Undo the import")
    page.shows("Undone", seconds=30)
    assert page.api("GET", "/api/workouts") == []


@pytest.mark.slow
def test_a_name_that_is_not_known_is_searched(signed_in, tmp_path):
    page = signed_in
    file = tmp_path / "strong.csv"
    file.write_text(STRONG.replace("Squat (Barbell)", "Zarkon Press"))
    page.open("transfer")
    page.find("input[type='file']").send_keys(str(file))
    page.press("Read the file")
    page.shows("Zarkon Press (1 set)", seconds=30)
    page.press("Search another exercise: Zarkon Press")
    page.type("#search-0", "Landmine Press")
    page.press("Landmine Press")
    # what was chosen counts, whether it was kept by itself or not
    page.press("Import")
    page.shows("2 workouts were added", seconds=30)
    names = {
        done["exercise_name"]
        for listed in page.api("GET", "/api/workouts")
        for done in page.api("GET", f"/api/workouts/{listed['id']}")[0]["exercises"]
    }
    assert names == {BENCH, "Landmine Press"}


@pytest.mark.slow
def test_a_history_goes_out(signed_in, tmp_path):
    page = signed_in
    log(page)
    where = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.driver.execute_cdp_cmd("Page.setDownloadBehavior", where)
    page.open("transfer")
    page.press("As Strong writes it (CSV)")
    page.says("workouts-strong.csv is saved")
    [file] = eventually(lambda: [*tmp_path.glob("workouts-strong.csv")])
    assert BENCH in file.read_text() or "Bench Press" in file.read_text()


@pytest.mark.slow
def test_a_token_is_made_shown_once_and_ended(signed_in):
    page = signed_in
    page.open("settings")
    page.find("#token-name")
    page.has_loaded()
    page.open_all()
    page.type("#token-name", "Script")
    page.find("input[value='workouts:read']").click()
    page.find("#token-name").submit()
    page.shows("it is shown once: gym_", "Script: workouts:read")
    page.find("button[aria-label='Delete: Script']").click()
    eventually(lambda: page.api("GET", "/api/users/me/tokens") == [])


@pytest.mark.slow
def test_all_other_sessions_are_ended(signed_in):
    page = signed_in
    # another one
    page.api("GET", "/api/users/me")
    page.open("settings")
    page.shows("Where you are signed in", "here")
    ends = "button[aria-label^='Delete: ']"
    eventually(lambda: len(page.all(ends)) == 1)
    page.press("Sign out everywhere else")
    eventually(lambda: not page.all(ends))
    with pytest.raises(AssertionError, match="UNAUTHORIZED"):
        page.api("GET", "/api/users/me")


@pytest.mark.slow
def test_the_e_mail_is_changed_by_a_link(signed_in):
    page = signed_in
    page.open("settings")
    page.shows(f"It is {page.email}.")
    page.type("#new-email", f"new-{page.email}")
    page.type("#email-password", "correct horse battery")
    page.press("Change the e-mail")
    page.says(f"A link was sent to new-{page.email}")


@pytest.mark.slow
def test_the_password_is_changed(signed_in):
    page = signed_in
    page.open("settings")
    page.type("input[name='old_password']", "wrong horse")
    page.type("input[name='new_password']", "staple battery horse")
    page.press("Change the password")
    page.expected_problems = ["403"]
    page.shows("wrong")
    page.type("input[name='old_password']", "correct horse battery")
    page.press("Change the password")
    page.says("The password is changed")


@pytest.mark.slow
def test_the_account_is_deleted(signed_in):
    page = signed_in
    page.open("settings")
    page.type("#deletion-password", "correct horse battery")
    page.press("Delete the account")
    page.is_at("Sign in")
    page.expected_problems = ["401"]
    page.says("The account is deleted")
    assert page.driver.execute_script("return {...localStorage}") == {}
    page.fill_in("signin", page.email, "correct horse battery")
    page.shows("Wrong e-mail or password")


@pytest.mark.slow
def test_in_german_with_commas(page):
    page.speak("de-AT")
    page.open()
    page.is_at("Anmelden")
    page.press("Konto eröffnen")
    page.fill_in("register", page.email, "correct horse battery")
    page.is_at("Überblick")
    log(page, weight=102.5)
    page.open("exercises/1")
    page.shows("102,5 kg", "Brust")
    assert page.driver.execute_script("return document.documentElement.lang") == "de"
    page.open("settings")
    page.type("#deletion-password", "wrong horse battery")
    page.press("Konto löschen")
    page.shows("das Passwort ist falsch")
    page.expected_problems = ["403"]


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_goes_beyond_the_edge(signed_in, rpc, width):
    page = signed_in
    log(page, day="2026-01-05", name="A name that is long enough to need a second line on a phone")
    for screen in [*SCREENS, *fill(page, rpc)]:
        page.set_size(width, 900)
        page.open(screen)
        page.has_loaded()
        page.open_all()
        beyond = page.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert beyond <= 0, screen


@pytest.mark.slow
def test_nothing_is_asked_of_another_host(signed_in):
    page = signed_in
    for screen in SCREENS:
        page.open(screen)
        eventually(lambda: "Loading" not in page.text())
        asked = page.driver.execute_script(
            "return performance.getEntriesByType('resource').map((entry) => entry.name)"
        )
        assert asked
        assert all(address.startswith(page.url) for address in asked)


@pytest.mark.slow
def test_it_can_be_installed(signed_in):
    page = signed_in
    page.driver.execute_async_script(
        "const done = arguments[0]; navigator.serviceWorker.ready.then(() => done());"
    )

    def has_no_error():
        found = page.driver.execute_cdp_cmd("Page.getInstallabilityErrors", {})
        assert found["installabilityErrors"] == []
        return True

    assert eventually(has_no_error)
