"""Takes the pictures of docs/rabbitmq.md from the management UI of what ``./gym up`` started.

    ./gym up && .venv/bin/python docs/images/take.py

Needs Debian's chromium and chromium-driver. Meanwhile somebody logs workouts, ten a second. One
event that nobody can handle is sent, shown as a dead letter and left there, and for some seconds
the broker has a memory alarm.
"""

import json
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import amqp
from selenium import webdriver
from selenium.webdriver.remote.webelement import WebElement

from stack.broker import connection_to
from stack.demo import Api
from stack.layout import RUN_DIRECTORY
from stack.system import System

PICTURES = Path(__file__).parent
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1120,2200",
)
PATIENCE_SECONDS = 30
# two of the UI's refreshes, after which its rates are those of the traffic
SETTLE_SECONDS = 12
SLIDE_SECONDS = 2
NO_MEMORY = "1MB"
MEMORY = "512MB"
POISON = {"user_id": 1, "version": 1, "date": "2026-11-20"}
WORKOUT = {"date": "2026-11-20", "exercises": [{"exercise_id": 1, "sets": [{"reps": 5}]}]}
PAUSE_SECONDS = 0.1
HEADERS = {
    "nameko.request_id": "req_5f0c9e2ab1d44c07",
    "nameko.call_id_stack": ["gateway.create_workout.3a1d5c0e"],
}


class Pages:
    """The management UI in a browser.

    Args:
        browser: what shows it.
        url: where it is.
    """

    def __init__(self, browser: webdriver.Chrome, url: str):
        self._browser = browser
        self._url = url

    def sign_in(self, password: str) -> None:
        """Sign in as the operator."""
        self._browser.get(self._url)
        self.find("input[name=username]").send_keys("operator")
        self.find("input[name=password]").send_keys(password)
        self.find("input[type=submit]").click()
        self.find("#logout")

    def find(self, selector: str) -> WebElement:
        """Return the first such element, as soon as it is there."""
        return self._browser.find_element("css selector", selector)

    def section(self, heading: str) -> WebElement:
        """Return the part of a page below a heading."""
        return self._browser.find_element("xpath", f"//h2[.='{heading}']/parent::div")

    def show(self, page: str) -> None:
        """Open a page and wait until its numbers are of now."""
        self._browser.get(f"{self._url}/#/{page}")
        time.sleep(SETTLE_SECONDS)

    def get_message(self) -> None:
        """Look at the first message of the queue that is shown; it stays there."""
        self.section("Get messages").find_element("css selector", "h2").click()
        self.find("input[value='Get Message(s)']").click()
        # it slides in
        time.sleep(SLIDE_SECONDS)


def take(name: str, element: WebElement) -> None:
    """Write a part of a page to a file."""
    element.screenshot(str(PICTURES / f"rabbitmq-{name}.png"))


@contextmanager
def opened(system: System) -> Iterator[Pages]:
    """Give the management UI, signed in."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ARGUMENTS:
        options.add_argument(argument)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        browser.implicitly_wait(PATIENCE_SECONDS)
        pages = Pages(browser, system.management_url)
        pages.sign_in(system.state.secrets["rabbitmq"])
        yield pages
    finally:
        browser.quit()


def send_poison(amqp_uri: str) -> None:
    """Send an event that can never be handled: it does not say which workout it tells of."""
    body = json.dumps(POISON)
    event = amqp.Message(
        body, content_type="application/json", delivery_mode=2, application_headers=HEADERS
    )
    with connection_to(amqp_uri, PATIENCE_SECONDS) as connection:
        connection.channel().basic_publish_confirm(event, "gateway.events", "workout_created")


@contextmanager
def traffic(url: str) -> Iterator[None]:
    """Have somebody log workouts."""
    enough = threading.Event()
    lifter = threading.Thread(target=log_workouts, args=(url, enough))
    lifter.start()
    try:
        yield
    finally:
        enough.set()
        lifter.join()


def log_workouts(url: str, enough: threading.Event) -> None:
    """Log a workout again and again."""
    api = Api(url)
    account = {"email": f"{secrets.token_hex(8)}@example.com", "password": secrets.token_hex(8)}
    _, answer = api.call("POST", "/api/users/register", account)
    api.token = answer["data"][0]["token"]
    while not enough.wait(PAUSE_SECONDS):
        api.call("POST", "/api/workouts", WORKOUT)


def main() -> None:
    """Take all pictures."""
    system = System.open(RUN_DIRECTORY)
    send_poison(system.environment["AMQP_URI"])
    with opened(system) as pages, traffic(system.url):
        pages.show("queues/gym/dead-letters")
        pages.get_message()
        take("dead-letter", pages.section("Get messages"))
        pages.show("")
        take("overview", pages.section("Totals"))
        pages.show("queues")
        take("queues", pages.find("table.list"))
        try:
            system.rabbitmqctl("set_vm_memory_high_watermark", "absolute", NO_MEMORY)
            pages.show("")
            take("alarm", pages.section("Nodes"))
            pages.show("connections")
            take("blocked", pages.find("table.list"))
        finally:
            system.rabbitmqctl("set_vm_memory_high_watermark", "absolute", MEMORY)


if __name__ == "__main__":
    main()
