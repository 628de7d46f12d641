"""The files of the web app, as they go out: named by their content, and compressed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

from gateway.page.codings import encode
from gateway.pages import page_policy

STATIC = Path(__file__).parent / "static"
SHELL, WORKER, MANIFEST = "index.html", "service-worker.js", "manifest.webmanifest"
VERSION, FILES = b"{{version}}", b"{{files}}"

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}

POLICY = page_policy("manifest-src 'self'", "worker-src 'self'")
# what the service worker may do stands in the answer that brings it
POLICY_OF_WORKER = "default-src 'none'; connect-src 'self'"

POLICIES = {SHELL: POLICY, WORKER: POLICY_OF_WORKER}


@dataclass(frozen=True)
class File:
    """A file as it goes out.

    Args:
        media_type: its ``Content-Type``.
        content: as it is.
        encoded: the same by each coding that makes it smaller, the best one first.
        is_named_by_content: whether its path changes with it, so that it may be kept for ever.
        policy: its ``Content-Security-Policy``; None if that of all other responses does.
    """

    media_type: str
    content: bytes
    encoded: Mapping[str, bytes]
    is_named_by_content: bool
    policy: str | None

    @property
    def tag(self) -> str:
        """The ``ETag`` of the content; what is compressed says the same, so it is weak."""
        return f'W/"{_digest(self.content)}"'


@cache
def served() -> Mapping[str, File]:
    """Return all files by their paths.

    Modules find each other by relative paths, so all are in one directory that is named by the
    content of all.
    """
    sources = {
        path.relative_to(STATIC).as_posix(): path.read_bytes()
        for path in sorted(STATIC.rglob("*"))
        if path.is_file()
    }
    version = _digest(b"".join(name.encode() + content for name, content in sources.items()))
    paths = {name: _path(name, version) for name in sources}
    values = {
        VERSION: version,
        FILES: json.dumps([path for name, path in paths.items() if name != WORKER]),
    }
    return {
        paths[name]: _file(name, _filled_in(content, values), version)
        for name, content in sources.items()
    }


def _filled_in(content: bytes, values: Mapping[bytes, str]) -> bytes:
    for mark, value in values.items():
        content = content.replace(mark, value.encode())
    return content


def _path(name: str, version: str) -> str:
    if name == SHELL:
        return "/"
    # a worker has to be where the page is, and is asked for by the same name for ever
    return f"/{name}" if name in (WORKER, MANIFEST) else f"/app/{version}/{name}"


def _file(name: str, content: bytes, version: str) -> File:
    return File(
        MEDIA_TYPES[Path(name).suffix],
        content,
        encode(content),
        is_named_by_content=version in _path(name, version),
        policy=POLICIES.get(name),
    )


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()
