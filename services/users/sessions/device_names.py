"""The devices of sessions, which are called what the client says of itself (its ``User-Agent``)."""

import hashlib
import re

_NUMBERS = re.compile("[0-9]+")

# in this order: each also says the names that come after it
_BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "Windows": "Windows",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Mac OS X": "Mac",
    "Linux": "Linux",
}
_SCRIPTS = ("curl", "python-requests", "python-httpx", "okhttp", "Go-http-client")


def hash_of(device: str | None) -> bytes:
    """Return what a device is recognised by: the hash of its name without numbers.

    Those change with each update of a browser.
    """
    name = _NUMBERS.sub("", device or "")
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def describe(device: str | None) -> str:
    """Return what a mail calls a device, in our words alone.

    A client can say of itself whatever it likes, and the address of an account may be somebody
    else's: a mail with the client's words could be anybody's advertisement.
    """
    said = device or ""
    system = next((name for sign, name in _SYSTEMS.items() if sign in said), None)
    browser = next((name for sign, name in _BROWSERS.items() if f"{sign}/" in said), None)
    script = next((name for name in _SCRIPTS if said.startswith(f"{name}/")), None)
    kind = browser or (f"a script ({script})" if script else "an app")
    return f"{kind} on {system}" if system else kind
