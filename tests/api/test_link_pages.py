"""The pages that links in mails lead to."""

import re
import shutil
from html.parser import HTMLParser

import pytest

from gateway.link_pages.pages import PAGES
from tests.api.lone_gateway import gateway_alone
from tests.mailbox import Mailbox, link_in

HTML_PAGES = ["/reset-password", "/confirm-email", "/unsubscribe"]
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
NEW = "staple battery horse"


class _Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, *tags):
        return [attributes for tag, attributes in self.found if tag in tags]


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
def test_every_file_is_served_with_its_type(edge, path):
    answer = edge.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == f"{PAGES[path].media_type}; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", HTML_PAGES)
def test_a_page_loads_and_sends_nothing_from_or_to_elsewhere(edge, path):
    answer = edge.http.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    elements = _Elements(answer.text)
    files = [each["src"] for each in elements.all("script")]
    files += [each["href"] for each in elements.all("link") if each["rel"] == "stylesheet"]
    assert files
    assert set(files) <= PAGES.keys()
    assert not [tag for tag, attrs in elements.found if {"style", "onclick"} & attrs.keys()]
    assert not re.search(r"https?:", answer.text + "".join(edge.http.get(f).text for f in files))


@pytest.mark.parametrize("path", HTML_PAGES)
def test_a_page_can_be_used_without_seeing_it(edge, path):
    elements = _Elements(edge.http.get(path).text)
    assert elements.all("html") == [{"lang": "en"}]
    assert len(elements.all("title")) == len(elements.all("h1")) == len(elements.all("main")) == 1
    labelled = {label["for"] for label in elements.all("label")}
    fields = [field for field in elements.all("input") if "hidden" not in field]
    assert {field["id"] for field in fields} == labelled
    assert [each for _, each in elements.found if each.get("aria-live") == "polite"]


@pytest.mark.parametrize(
    "name", ["pages.py", "..%2fpages.py", "__init__.py", "reset-password.html"]
)
def test_no_other_files_are_served(edge, name):
    assert edge.http.get(f"/link-pages/{name}").status_code == 404


@pytest.mark.slow
def test_pages_are_limited_too():
    with gateway_alone(RATE_LIMIT_API="2/minute") as gateway:
        got = [gateway.http.get(path).status_code for path in (*HTML_PAGES, *HTML_PAGES[:1])]
    assert got == [200, 200, 429, 429]


# in a real browser

in_a_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver"
)


@pytest.fixture(scope="module")
def browser():
    # takes a while to import, and is of no use without a browser
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.implicitly_wait(20)
    yield driver
    driver.quit()


def said(browser, text):
    from selenium.webdriver.support.ui import WebDriverWait

    def is_there(driver):
        return text in driver.find_element("id", "message").text

    WebDriverWait(browser, 20).until(is_there)
    return True


@pytest.mark.slow
@pytest.mark.browser
@in_a_browser
def test_a_link_in_a_mail_leads_to_a_new_password(browser, http, new_user, system):
    user = new_user()
    http.post("/api/users/password-reset", {"email": user.email})
    origin, page, token = link_in(Mailbox(system.directory).mail_to(user.email))
    browser.get(f"{origin}/{page}#token={token}")
    field = browser.find_element("id", "password")
    field.send_keys(NEW)
    assert token not in browser.current_url
    browser.find_element("id", "send").click()
    assert said(browser, "The password is changed")
    body = {"email": user.email, "password": NEW}
    assert http.post("/api/users/login", body).status_code == 200
    browser.get("about:blank")
    browser.get(f"{origin}/{page}#token={token}")
    browser.find_element("id", "password").send_keys(NEW)
    browser.find_element("id", "send").click()
    assert said(browser, "The link is not good")
    problems = [entry["message"] for entry in browser.get_log("browser")]
    assert not [problem for problem in problems if "400 (Bad Request)" not in problem]


@pytest.mark.slow
@pytest.mark.browser
@in_a_browser
def test_a_link_in_a_mail_confirms_an_address(browser, http, new_user, system):
    user = new_user()
    email = f"new-{user.email}"
    body = {"email": email, "password": user.password}
    http.put("/api/users/me/email", body, token=user.token)
    origin, page, token = link_in(Mailbox(system.directory).mail_to(email))
    browser.get(f"{origin}/{page}#token={token}")
    browser.find_element("id", "send").click()
    assert said(browser, "The e-mail is confirmed")
    browser.get(f"{origin}/{page}")
    assert said(browser, "This link is incomplete")
    assert not browser.get_log("browser")


@pytest.mark.browser
@in_a_browser
def test_a_link_in_a_mail_ends_the_mails_once_the_button_is_pressed(browser, http, new_user, rpc):
    user = new_user()
    http.put("/api/users/me", {"weekly_summary_mail": True}, token=user.token)

    def is_wanted():
        return rpc.users.get_profile(user.id)["weekly_summary_mail"]

    token = rpc.users.mail_recipient(user.id)["unsubscribe_token"]
    browser.get(f"{http.base_url}/unsubscribe#token={token}")
    button = browser.find_element("id", "send")
    assert is_wanted()
    button.click()
    assert said(browser, "There will be no more mails")
    assert not is_wanted()
    assert not browser.get_log("browser")
