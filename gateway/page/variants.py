"""The ways in which one file is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.page.codings import best_of
from gateway.page.files import File
from gateway.pages import ASK_AGAIN, FOREVER
from gateway.responses.replies import has_tag
from services.transport.http import Response

Made = TypeVar("Made")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Variants(Generic[Made]):
    """What is answered to a request for a file, by what the request says.

    Args:
        tag: the file's ``ETag``.
        unchanged: for a client that has the file.
        plain: the file as it is.
        encoded: the file by each coding, the best one first.
    """

    tag: str
    unchanged: Made
    plain: Made
    encoded: Mapping[str, Made]

    def choose(self, accepted: str | None, known_tags: str | None) -> Made:
        """Return what fits a request.

        Args:
            accepted: its ``Accept-Encoding``.
            known_tags: its ``If-None-Match``.
        """
        if known_tags is not None and has_tag(known_tags, self.tag):
            return self.unchanged
        coding = best_of(self.encoded, accepted)
        return self.plain if coding is None else self.encoded[coding]

    def each(self, make: Callable[[Made], Other]) -> "Variants[Other]":
        """Return what is made of each of them."""
        encoded = {coding: make(made) for coding, made in self.encoded.items()}
        return Variants(self.tag, make(self.unchanged), make(self.plain), encoded)


def responses_of(file: File) -> Variants[Response]:
    """Return all responses to requests for a file."""
    headers: list[tuple[str, str]] = [
        ("Content-Type", file.media_type),
        ("Cache-Control", FOREVER if file.is_named_by_content else ASK_AGAIN),
        ("Vary", "Accept-Encoding"),
        ("ETag", file.tag),
    ]
    if file.policy is not None:
        headers.append(("Content-Security-Policy", file.policy))
    return Variants(
        file.tag,
        Response(304, b"", tuple(headers)),
        Response(200, file.content, tuple(headers)),
        {
            coding: Response(200, content, (*headers, ("Content-Encoding", coding)))
            for coding, content in file.encoded.items()
        },
    )
