"""From what a route's method returns or raises to the response that goes out."""

from dataclasses import dataclass, replace
from hashlib import blake2b

from gateway.responses.paging import describe_page, links
from schemas.envelope import around_id, assemble, encode
from services.transport.http import HttpRequest, Response
from services.transport.http.messages import JSON_TYPE, PERSONAL, VARIES_BY_CALLER, Headers
from services.transport.http.prepared_response import PreparedEnvelope, PreparedResponse

ACCEPTED = 202
"""The status of a response to a request whose work goes on."""

OK = 200


@dataclass(frozen=True)
class Reply:
    """What a route's method returns.

    Args:
        data: one object, or the items of a page.
        location: the path of what was created.
        page: ``meta.page``, of collections.
        headers: further headers.
        is_unfinished: whether what the request began goes on; ``location`` says how far it is.
        was_there: whether a request to create something has created nothing, as ``data`` was there.
    """

    data: dict | list
    location: str | None = None
    page: dict | None = None
    headers: Headers = ()
    is_unfinished: bool = False
    was_there: bool = False


def page_reply(query: dict, found: dict) -> Reply:
    """Reply with a page of a collection.

    Args:
        query: the checked query, with ``page`` and ``limit``.
        found: the ``items`` of that page, and the ``total`` of all pages.
    """
    return Reply(found["items"], page=describe_page(query, found["total"]))


@dataclass(frozen=True, slots=True)
class EncodedReply:
    """A reply as JSON, which can be put into any number of envelopes.

    Args:
        data: a JSON array.
        page: a JSON object, or nothing.
        headers: of the response, without those that every response has.
        tag: the ``ETag``; nothing for responses to writes.
        is_unfinished: as of the reply.
        was_there: as of the reply.
    """

    data: bytes
    page: bytes
    headers: Headers
    tag: str
    is_unfinished: bool = False
    was_there: bool = False

    def compact(self) -> "EncodedReply":
        """Return a copy without the spare room that orjson leaves behind what it writes.

        What is cached for minutes would hold that room for as long, and it is counted by length.
        """
        return replace(self, data=b"%b" % self.data, page=b"%b" % self.page)

    @property
    def size_of_headers(self) -> int:
        """How many bytes the headers have."""
        return sum(len(name) + len(value) + 4 for name, value in self.headers)


def encode_reply(
    request: HttpRequest, reply: Reply, *, personal: bool, varies: bool = False
) -> EncodedReply:
    """Return a reply as JSON, with the headers of its response.

    Args:
        request: the request.
        reply: what the route's method returned.
        personal: whether the response is for this caller only, and no proxy may keep it.
        varies: whether other callers may get another response, so that a proxy that keeps it may
            give it only to requests with the same token, or without one.
    """
    data = encode(reply.data if isinstance(reply.data, list) else [reply.data])
    page = b"" if reply.page is None else encode(reply.page)
    headers = [("Content-Type", JSON_TYPE), *reply.headers]
    if personal:
        headers.append(PERSONAL)
    if varies:
        headers.append(VARIES_BY_CALLER)
    if reply.location is not None:
        headers.append(("Location", reply.location))
    if reply.page is not None and (linked := links(request, reply.page)):
        headers.append(("Link", linked))
    tag = ""
    if request.is_read:
        # weak, because the envelope around the data is another each time
        tag = f'W/"{blake2b(data + page, digest_size=12).hexdigest()}"'
        headers.append(("ETag", tag))
    return EncodedReply(data, page, tuple(headers), tag, reply.is_unfinished, reply.was_there)


def success(reply: EncodedReply, status: int, request_id: str, known_tags: str | None) -> Response:
    """Return the response to a request that succeeded: 304 if the client has the data already.

    Args:
        reply: the reply as JSON.
        status: the route's status; of what is unfinished it is 202, of what was there 200.
        request_id: goes into the envelope.
        known_tags: the request's ``If-None-Match``.
    """
    if reply.tag and known_tags is not None and has_tag(known_tags, reply.tag):
        return Response(304, b"", reply.headers)
    if reply.is_unfinished:
        status = ACCEPTED
    elif reply.was_there:
        status = OK
    return Response(status, assemble(reply.data, request_id, reply.page), reply.headers)


def prepare(
    reply: EncodedReply,
    target: bytes,
    route: str,
    is_known: bool,
    more: Headers,
    user_id: int | None,
) -> PreparedResponse:
    """Return what :func:`success` returns for a GET, prepared for any number of requests.

    Args:
        reply: the reply as JSON.
        target: path and query.
        route: the route's path.
        is_known: whether the client has the data already.
        more: further headers, such as those for pages of other origins.
        user_id: whose request it is, for the log.
    """
    headers = reply.headers + more
    if is_known:
        return PreparedResponse(target, route, 304, headers, user_id=user_id)
    return PreparedEnvelope(target, route, headers, around_id(reply.data, reply.page), user_id)


def has_tag(known_tags: str, tag: str) -> bool:
    """Return whether an ``If-None-Match`` says that the client has the data with this tag."""
    # no tag of ours has a comma; werkzeug.http.parse_etags takes five times as long
    return known_tags.strip() == "*" or tag in map(str.strip, known_tags.split(","))
