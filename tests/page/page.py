"""What a person does with the page, and what they see."""

import json
import uuid

import requests
from selenium.common.exceptions import StaleElementReferenceException

from tests.waiting import eventually

PASSWORD = "correct horse battery"
SECONDS = 15


class Page:
    """The page in a browser.

    Args:
        driver: of the browser.
        url: of the gateway.
    """

    def __init__(self, driver, url):
        self.driver = driver
        self.url = url
        self.email = f"{uuid.uuid4().hex}@example.com"
        self.expected_problems = []
        self._token = None

    def forget(self):
        """Begin as a browser that knows nobody here; files that never change it may still have."""
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        everything = {"origin": self.url, "storageTypes": "all"}
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", everything)
        self.set_size(1200, 1000)
        self.speak("en")
        self.driver.get_log("browser")

    def set_size(self, width, height):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def speak(self, language):
        """Have the browser prefer a language."""
        agent = self.driver.execute_script("return navigator.userAgent")
        told = {"userAgent": agent, "acceptLanguage": language}
        self.driver.execute_cdp_cmd("Emulation.setUserAgentOverride", told)

    def set_offline(self, is_offline):
        conditions = {"offline": is_offline, "latency": 0}
        rates = {"downloadThroughput": -1, "uploadThroughput": -1}
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions | rates)

    # --- seeing

    def find(self, selector, seconds=SECONDS):
        return eventually(lambda: next(iter(self.all(selector)), None), seconds)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def button(self, label):
        by_text = f"//main//button[normalize-space()='{label}']"
        by_name = f"//main//button[@aria-label='{label}']"
        found = eventually(lambda: self.driver.find_elements("xpath", f"{by_text}|{by_name}"))
        return found[-1]

    def texts(self, selector):
        """Return the texts of elements, at one moment."""
        script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)"
        return self.driver.execute_script(script, selector)

    def text(self):
        return self.driver.execute_script("return document.querySelector('main').innerText")

    def says(self, text, seconds=SECONDS):
        def is_said():
            assert text in self.find("#message").text
            return True

        return eventually(is_said, seconds)

    def shows(self, *texts, seconds=SECONDS):
        def are_shown():
            shown = self.text()
            for text in texts:
                assert text in shown, shown
            return True

        return eventually(are_shown, seconds)

    def has_loaded(self):
        """Wait until each part of the screen is there."""
        eventually(lambda: "Loading" not in self.text(), SECONDS)

    def open_all(self):
        """Open what is folded."""
        script = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
        self.driver.execute_script(script)

    def heading(self):
        return self.driver.execute_script("return document.querySelector('h1')?.innerText")

    def is_at(self, heading):
        def is_there():
            assert self.heading() == heading
            return True

        return eventually(is_there, SECONDS)

    # --- doing

    def open(self, address=""):
        self.driver.get(f"{self.url}/{address and '#/' + address}")
        self.find("h1")

    def go(self, name):
        """Follow the navigation."""
        self.find(f"nav a[href='#/{name}']").click()

    def press(self, label):
        def is_pressed():
            button = self.button(label)
            try:
                script = "arguments[0].scrollIntoView({block: 'center'})"
                self.driver.execute_script(script, button)
                button.click()
            except StaleElementReferenceException:
                # what has changed elsewhere was shown meanwhile
                return False
            return True

        eventually(is_pressed)

    def type(self, selector, text):
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def choose(self, selector, value):
        """Choose an option of a select, by its value."""
        option = self.find(f"{selector} option[value='{value}']")
        option.click()

    def join(self):
        """Be somebody who has just registered, and sees the overview.

        Without the forms, which tests of their own fill in.
        """
        self.make_account()
        self.come_in()

    def make_account(self):
        """Register, and return the user."""
        answer = requests.post(
            f"{self.url}/api/users/register",
            json={"email": self.email, "password": PASSWORD},
            headers={"X-Refresh-Token": "cookie", "Origin": self.url},
            timeout=SECONDS,
        )
        assert answer.ok, answer.text
        [user] = answer.json()["data"]
        # a document without scripts, for the origin's storage
        self.driver.get(f"{self.url}/manifest.webmanifest")
        remember = "localStorage.setItem('gym-user', arguments[0])"
        self.driver.execute_script(remember, json.dumps(user))
        [cookie] = answer.cookies
        kept = {"url": self.url, "path": cookie.path, "httpOnly": True, "sameSite": "Strict"}
        named = {"name": cookie.name, "value": cookie.value, "expires": cookie.expires}
        self.driver.execute_cdp_cmd("Network.setCookie", kept | named)
        return user

    def come_in(self):
        """Open the page as somebody whom the browser knows."""
        self.open()
        self.is_at("Overview")

    def register(self):
        self.press("Open an account")
        self.fill_in("register", self.email, PASSWORD)
        self.is_at("Overview")

    def sign_in(self):
        self.is_at("Sign in")
        self.fill_in("signin", self.email, PASSWORD)
        eventually(lambda: self.heading() != "Sign in", SECONDS)

    def fill_in(self, form, email, password):
        self.type(f"#{form}-email", email)
        self.type(f"#{form}-password", password)
        self.find("form button[type='submit']").click()

    def add_exercise(self, name):
        """Search an exercise where a workout is logged, and add it."""
        self.type("#search", name)

        # in one step, as the list is another one with each answer to what is typed
        choose = (
            "const found = [...document.querySelectorAll('.found button')]"
            ".find((each) => each.textContent === arguments[0]);"
            "found?.click(); return found !== undefined;"
        )
        eventually(lambda: self.driver.execute_script(choose, name), SECONDS)
        eventually(lambda: any(name in text for text in self.texts(".exercise h2")))

    def set_field(self, name, exercise=0, place=0):
        """Return the field of a set."""
        sets = self.all(".exercise")[exercise].find_elements("css selector", ".sets > li")
        return sets[place].find_element("css selector", f"[id^='{name}-']")

    def open_options(self, exercise=0):
        """Open what an exercise has beside its sets."""
        details = self.all(".exercise")[exercise].find_element("css selector", "details")
        self.driver.execute_script("arguments[0].open = true", details)

    def type_set(self, exercise=0, place=0, **values):
        for name, value in values.items():
            field = self.set_field(name, exercise, place)
            field.clear()
            field.send_keys(value)

    # --- beside the page

    def api(self, method, path, body=None):
        """Ask the API as the same user, in a session of its own."""
        self._token = self._token or self._log_in()
        answer = requests.request(
            method,
            self.url + path,
            json=body,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=SECONDS,
        )
        assert answer.ok, answer.text
        return answer.json()["data"]

    def _log_in(self):
        credentials = {"email": self.email, "password": PASSWORD}
        answer = requests.post(f"{self.url}/api/users/login", json=credentials, timeout=SECONDS)
        assert answer.ok, answer.text
        return answer.json()["data"][0]["token"]

    def check_console(self):
        """Check that the browser has complained of nothing but of what the test has provoked."""
        entries = [entry["message"] for entry in self.driver.get_log("browser")]
        surprising = [
            message
            for message in entries
            if not any(expected in message for expected in self.expected_problems)
        ]
        assert not surprising, surprising
