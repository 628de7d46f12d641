"""What a mail calls the client of a sign-in, whatever that says of itself."""

import pytest

from services.users.sessions.device_names import describe, hash_of

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (f"{WINDOWS} {CHROME}", "Chrome on Windows"),
        (f"{WINDOWS} {CHROME} Edg/131.0.0.0", "Edge on Windows"),
        (f"{WINDOWS} {CHROME} OPR/116.0.0.0", "Opera on Windows"),
        (
            f"{WINDOWS.replace(')', '; rv:133.0)')} Gecko/20100101 Firefox/133.0",
            "Firefox on Windows",
        ),
        (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {CHROME}", "Chrome on Android"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME}", "Chrome on Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME}", "Chrome on ChromeOS"),
        (f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{IPHONE} CriOS/131.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17 Safari/605", "Safari on Mac"),
        ("GymApp/3.1 (iPhone)", "an app on iPhone"),
        ("python-requests/2.32.3", "a script (python-requests)"),
        ("curl/8.5.0", "a script (curl)"),
        ("BUY PILLS at https://spam.example <b>", "an app"),
        ("", "an app"),
        (None, "an app"),
    ],
)
def test_it_is_called_by_what_is_known_of_it(device, said):
    assert describe(device) == said


def test_an_update_is_no_other_device():
    newer = CHROME.replace("131", "132")
    assert hash_of(f"{WINDOWS} {CHROME}") == hash_of(f"{WINDOWS} {newer}")
    assert hash_of(f"{WINDOWS} {CHROME}") != hash_of(f"{WINDOWS} {CHROME} Edg/131.0.0.0")
    assert hash_of(None) == hash_of("")
    assert hash_of("\ud800") != hash_of("")
