"""A client of wger's HTTP API that expects anything of the server.

Everything is limited: the time and the size of a response, the number of attempts. Pages are
requested by offsets of our own: neither a URL in a response nor a redirect is ever followed.
"""

import ipaddress
import json
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import eventlet
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from schemas.errors import BadGateway, ServiceUnavailable
from services.observability.logging import get_logger

log = get_logger(__name__)

Content = TypeVar("Content")

EXERCISES = "exerciseinfo"
LANGUAGES = "language"
PAGE = 100

CONNECT_SECONDS = 5
SILENT_SECONDS = 30
RESPONSE_SECONDS = 60
"""For a whole response: a server that sends a byte now and then never meets SILENT_SECONDS."""

LARGEST_RESPONSE = 16 * 1024 * 1024
PIECE = 64 * 1024

RETRY_SECONDS = (0.5, 1, 2, 4, 8, 15)
"""Pauses between attempts; each is multiplied by a random number from 0.5 to 1.5."""

LONGEST_RETRY_AFTER = 120
"""Upper limit of the ``Retry-After`` that is respected."""

UNAVAILABLE_RETRY_AFTER = 60
PASSING = frozenset({408, 425, 429})
"""Statuses beside 5xx after which another attempt may succeed."""

HEADERS = {"Accept": "application/json", "User-Agent": "gym-tracker (import of exercises)"}


@dataclass(frozen=True)
class Page:
    """One page of a list.

    Attributes:
        results: its items.
        count: how many items the whole list has, None if the server does not say.
        has_next: whether the server says that another page follows.
    """

    results: list[Any]
    count: int | None
    has_next: bool

    def ends_at(self, offset: int) -> bool:
        """Return whether there is nothing at an offset, the one after this page."""
        if not self.results:
            return True
        return not self.has_next and (self.count is None or offset >= self.count)


class _TryAgain(Exception):
    """An attempt failed, and another one may succeed.

    Args:
        reason: what happened.
        pause: seconds from the server's ``Retry-After``.
    """

    def __init__(self, reason: str, pause: float = 0.0):
        super().__init__(reason)
        self.pause = pause


class _NotThere(Exception):
    """The server has nothing at this path: a 404."""


class WgerClient:
    """Reads from one wger server.

    Args:
        url: of its API, such as ``https://wger.de/api/v2``.
        pauses: seconds between attempts.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        url: str,
        pauses: Iterable[float] = RETRY_SECONDS,
        sleep: Callable[[float], object] = eventlet.sleep,
    ):
        self.url = url.rstrip("/")
        self.pauses = tuple(pauses)
        self._sleep = sleep
        self._session = requests.Session()
        # urllib3 does not retry: our attempts know about Retry-After and responses cut short
        self._session.mount("http://", HTTPAdapter(max_retries=0))
        self._session.mount("https://", HTTPAdapter(max_retries=0))
        self._session.headers.update(HEADERS)
        self._session.trust_env = not _is_this_machine(urlsplit(self.url).hostname)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def page(self, path: str, offset: int) -> Page:
        """Return a page of a list.

        Args:
            path: the list.
            offset: how many items come before it.

        Raises:
            ServiceUnavailable: the server failed in every attempt.
            BadGateway: it responds in a way that no other attempt would change.
        """
        try:
            return self._ask(path, {"limit": PAGE, "offset": offset}, _page)
        except _NotThere as problem:
            raise BadGateway("wger answered 404") from problem

    def languages(self) -> list[Any]:
        """Return the server's languages, none if it has no such list."""
        try:
            return self.page(LANGUAGES, 0).results
        except BadGateway as problem:
            log.info("wger has no list of languages", reason=str(problem))
            return []

    def exercise(self, external_id: str) -> dict[str, Any] | None:
        """Return one entry, or None if there is none; raises as :meth:`page`."""
        try:
            return self._ask(f"{EXERCISES}/{external_id}", {}, _entry)
        except _NotThere:
            return None

    def _ask(self, path: str, query: dict[str, int], read: Callable[[Any], Content]) -> Content:
        for pause in (*self.pauses, None):
            try:
                return read(self._try(path, query))
            except _TryAgain as problem:
                if pause is None:
                    raise _gave_up(problem, len(self.pauses) + 1) from problem
                wait = max(pause * random.uniform(0.5, 1.5), problem.pause)
                reason = str(problem)
                log.warning("wger failed, trying again", path=path, **query, reason=reason)
                self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _try(self, path: str, query: dict[str, int]) -> Any:
        deadline = time.monotonic() + RESPONSE_SECONDS
        try:
            with self._session.get(
                f"{self.url}/{path}/",
                params=query,
                timeout=(CONNECT_SECONDS, SILENT_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                _check_status(response)
                body = _read(response, deadline)
        except (requests.RequestException, HTTPError, OSError) as problem:
            raise _TryAgain(_sentence(problem)) from problem
        return _decode(body)


def check_url(url: str) -> None:
    """Check the URL of an API.

    Raises:
        ValueError: it is not one of HTTP, or has more than a path.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with http:// or https:// and a host")
    if parts.query or parts.fragment:
        raise ValueError("must be the API's address alone, without ? and #")


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status == requests.codes.ok:
        return
    if status == requests.codes.not_found:
        raise _NotThere
    if status >= 500 or status in PASSING:
        raise _TryAgain(f"answered {status}", _retry_after(response.headers.get("Retry-After")))
    if 300 <= status < 400:
        target = response.headers.get("Location", "elsewhere")[:200]
        raise BadGateway(
            f"wger redirects to {target}, which is not followed; "
            "if that is right, set WGER_API_URL to it"
        )
    raise BadGateway(f"wger answered {status}")


def _read(response: requests.Response, deadline: float) -> bytes:
    body = bytearray()
    # urllib3's read waits for a whole piece, past any deadline; read1 returns what there is
    while piece := response.raw.read1(PIECE, decode_content=True):
        body += piece
        if len(body) > LARGEST_RESPONSE:
            raise BadGateway(f"wger's answer is larger than {LARGEST_RESPONSE // 1024**2} MiB")
        if time.monotonic() > deadline:
            raise _TryAgain(f"no whole answer within {RESPONSE_SECONDS} seconds")
    return bytes(body)


def _decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as problem:
        # a response that was cut short looks like this, too
        raise _TryAgain("answered something that is no JSON") from problem


def _page(content: Any) -> Page:
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list):
        raise _TryAgain("answered something that is no page of results")
    count = content.get("count")
    known = isinstance(count, int) and not isinstance(count, bool) and count >= 0
    return Page(results, count if known else None, bool(content.get("next")))


def _entry(content: object) -> dict[str, Any]:
    if not isinstance(content, dict) or "id" not in content:
        raise _TryAgain("answered something that is no exercise")
    return content


def _retry_after(value: str | None) -> float:
    """Return the seconds of a ``Retry-After``, a number or a date; 0 if there is none."""
    if not value:
        return 0.0
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return 0.0
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if seconds == seconds else 0.0


def _gave_up(problem: _TryAgain, tries: int) -> ServiceUnavailable:
    details = {"service": "wger", "retry_after": UNAVAILABLE_RETRY_AFTER}
    return ServiceUnavailable(f"wger failed {tries} times: {problem}", json.dumps(details))


def _sentence(problem: Exception) -> str:
    if isinstance(problem, requests.ReadTimeout | TimeoutError):
        return "did not answer in time"
    if isinstance(problem, requests.ConnectionError):
        return "can't be reached"
    return f"broke off ({type(problem).__name__})"


def _is_this_machine(host: str | None) -> bool:
    """Return whether a host is this machine, which no proxy must be asked for."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
