"""The documentation's page in a real browser: sign in, try a call, see the answer."""

import json
import shutil

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
SECONDS = 20

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver"
    ),
]


@pytest.fixture(scope="module")
def browser():
    # takes a while to import, and is of no use without a browser
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=DRIVER)
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_window_size(1400, 2000)
    driver.implicitly_wait(SECONDS)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, gateway_url):
    browser.get(f"{gateway_url}/docs")
    find(browser, "#operations-Workouts-create_workout")
    yield browser
    problems = [entry["message"] for entry in browser.get_log("browser")]
    assert not [problem for problem in problems if "401 (Unauthorized)" not in problem]


def find(driver, selector):
    return driver.find_element("css selector", selector)


def press(driver, selector):
    element = find(driver, selector)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def authorize(driver, token):
    press(driver, ".auth-wrapper .authorize")
    find(driver, ".modal-ux input").send_keys(token)
    press(driver, ".modal-ux button.authorize")
    press(driver, ".modal-ux button.btn-done")


def try_out(driver, operation):
    press(driver, f"#operations-{operation} .opblock-summary-control")
    press(driver, f"#operations-{operation} button.execute")
    answer = f"#operations-{operation} .live-responses-table .response"
    status = find(driver, f"{answer} .response-col_status").text
    return status.split()[0], json.loads(find(driver, f"{answer} pre code").text)


def test_sign_in_try_a_call_and_see_the_answer(page, new_user, http):
    user = new_user()
    authorize(page, user.token)
    status, created = try_out(page, "Workouts-create_workout")
    assert status == "201"
    assert created["data"][0]["user_id"] == user.id
    kept = http.get("/api/workouts", token=user.token).json()["data"]
    assert [workout["id"] for workout in kept] == [created["data"][0]["id"]]


def test_without_a_token_the_answer_says_so(page):
    status, answer = try_out(page, "Statistics-personal_records")
    assert status == "401"
    assert answer["errors"][0]["code"] == "UNAUTHORIZED"


def test_every_operation_is_shown(page, http):
    shown = page.find_elements("css selector", ".opblock-summary-path")
    document = http.get("/openapi.json").json()
    described = [*document["paths"].values(), *document["webhooks"].values()]
    assert len(shown) == sum(len(operations) for operations in described)
