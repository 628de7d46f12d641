"""Whoever can't see or point uses the page as well: axe-core, and the keyboard alone."""

import shutil
import subprocess

import pytest

from tests.page.filled import fill
from tests.page.page import PASSWORD
from tests.waiting import eventually

AXE = "axe-core@4.14.1"
SCREENS = [
    *("overview", "log", "history", "exercises", "exercises/1", "body", "muscles", "transfer"),
    *("settings", "more"),
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """Return the script of axe-core."""
    if not shutil.which("npm"):
        pytest.skip("needs Debian's npm (and a registry to install axe-core from)")
    directory = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", AXE],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm could not install {AXE}: {done.stderr[-300:]}")
    return (directory / "node_modules" / "axe-core" / "axe.min.js").read_text()


def findings(page, axe):
    page.driver.execute_script(axe)
    found = page.driver.execute_async_script(
        "const done = arguments[1];"
        "axe.run(document, {runOnly: arguments[0]}).then((result) => done(result.violations));",
        RULES,
    )
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(signed_in, rpc, axe, scheme):
    page = signed_in
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    for day in ("2026-11-02", "2026-11-04"):
        sets = [{"reps": 5, "weight": 80, "rpe": 8, "set_type": "top"}]
        exercises = [{"exercise_id": 1, "superset": 1, "sets": sets}]
        page.api("POST", "/api/workouts", {"date": day, "exercises": exercises})
        measured = {"kind": "weight", "value": 80, "unit": "kg", "measured_at": f"{day}T07:00:00Z"}
        page.api("POST", "/api/measurements", measured)
    try:
        for screen in [*SCREENS, *fill(page, rpc)]:
            page.open(screen)
            if screen == "log":
                page.add_exercise("Barbell Bench Press")
                page.press("Done")
            page.has_loaded()
            # what is folded is there for whoever opens it
            page.open_all()
            assert findings(page, axe) == [], screen
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_axe_finds_nothing_before_one_signs_in(page, axe):
    page.open()
    assert findings(page, axe) == []
    page.press("Open an account")
    assert findings(page, axe) == []


def test_the_keyboard_is_enough(page):
    from selenium.webdriver.common.keys import Keys

    page.open()
    page.press("Open an account")

    def send(*keys):
        page.driver.switch_to.active_element.send_keys(*keys)

    page.find("#register-email").send_keys(page.email, Keys.TAB)
    send(PASSWORD, Keys.ENTER)
    page.is_at("Overview")
    assert page.driver.switch_to.active_element.text == "Overview"
    page.find("nav a[href='#/log']").send_keys(Keys.ENTER)
    page.is_at("Log a workout")
    page.find("#search").send_keys("Barbell Bench Press")
    page.find(".found button").send_keys(Keys.ENTER)
    page.find(".exercise")
    # the first field is two stops before what is focused
    page.set_field("weight").send_keys("100", Keys.TAB)
    send("5", Keys.TAB)
    page.button("Done").send_keys(Keys.SPACE)
    eventually(lambda: page.button("Done").get_attribute("aria-pressed") == "true")
    assert page.driver.switch_to.active_element == page.button("Done")
    page.button("Finish the workout").send_keys(Keys.ENTER)
    page.says("The workout is saved")
