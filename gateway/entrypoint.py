"""The entrypoint of the gateway's routes: everything of HTTP that surrounds a method.

``@route("GET", "/api/users/:id", caller=SELF)`` keeps what it is given as attributes, so that the
routes are also the data from which the documentation is made.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from marshmallow import Schema
from nameko.containers import WorkerContext
from nameko.extensions import Entrypoint

from gateway.admission.admission import Admission, Arrival, bearer_token
from gateway.admission.callers import OPEN, OPTIONAL, USER, Access
from gateway.admission.rate_limits import API, LOGIN
from gateway.openapi.contents import Contents, Streamed, one_of
from gateway.requests.json_body import check_media_type, parse_object
from gateway.requests.parameters import NoParameters, check_parameters
from gateway.requests.request import Request
from gateway.requests.token_cookies import check_origin, find_cookie
from gateway.requests.uploads import TakesUpload, Upload, check_not_empty
from gateway.responses.cache_policy import CachePolicy
from gateway.responses.failures import failure, status_of
from gateway.responses.fast_path import FastPath
from gateway.responses.replies import EncodedReply, Reply, encode_reply, success
from gateway.responses.response_cache import Lookup, ResponseCache
from gateway.responses.streams import StreamedReply, stream_response
from schemas.erasure import ByReceipt
from schemas.errors import GymError, InternalError, NotFound
from schemas.loading import Body as BodySchema
from schemas.loading import Parameters
from schemas.pages import ById
from schemas.webhooks import DeliveryInPath
from services.observability import tracing
from services.observability.logging import get_logger
from services.transport.http import HttpRequest, Refused, Response, WebServer

log = get_logger(__name__)

AnyReply = Reply | StreamedReply

IN_PATHS: dict[str, type[Parameters]] = {
    # in this order, as that of a delivery has the id before it, too
    ":delivery": DeliveryInPath,
    ":id": ById,
    ":receipt": ByReceipt,
}
"""The schemas of what paths may have in them, by the name that tells them apart."""


class Route(Entrypoint):
    """One method of one path.

    Args:
        method: the HTTP method.
        path: the path, as ``/api/users/:id``.
        caller: who may use it.
        scope: what a personal access token needs for it; None refuses such tokens.
        body: the schema of the body; the called service validates it, the gateway does not.
        upload: in place of ``body``, what the route takes as a stream; its method gets
            ``request.upload``.
        query: the schema of the query.
        asks_password: whether its body has the caller's password; guesses are limited as those
            of a login are, and a wrong one raises ``Forbidden``.
        limit: the name of its rate limit.
        status: of the response to a successful request.
        unfinished: an example of an item whose work goes on after the response, which is a 202
            then; None if it never does.
        known: of a route that creates, what a 200 shows in place of a 201, for the documentation;
            None if it always creates.
        names_client: whether its method gets ``request.client``, with device and address.
        keeps_tokens: whether a page may have its refresh token in a cookie; its method gets
            ``request.token_cookie``.
        takes_key: whether it supports the ``Idempotency-Key`` header.
        cache: the cache policy of its responses; None if they are not cached.
        changes: the policies of the cached responses that it makes stale.
        shows: the schema of the one item in ``data``, or :mod:`gateway.openapi.contents`. With
            ``stream_of(...)`` the method returns a :class:`StreamedReply`.
        refuses: the errors that follow from the route's own rules; those of all routes need not
            be listed.
        example: of an item, if that of its schema in :mod:`gateway.openapi.examples` doesn't fit.
    """

    server = WebServer()
    admission = Admission()
    response_cache = ResponseCache()
    fast_path = FastPath()
    """Not used by a route: Nameko makes the extensions that something names, and no others."""

    def __init__(
        self,
        method: str,
        path: str,
        *,
        caller: Access = USER,
        scope: str | None = None,
        asks_password: bool = False,
        body: type[BodySchema] | None = None,
        upload: TakesUpload | None = None,
        query: type[Parameters] = NoParameters,
        limit: str = API,
        status: int = 200,
        unfinished: dict[str, Any] | None = None,
        known: str | None = None,
        names_client: bool = False,
        keeps_tokens: bool = False,
        takes_key: bool = False,
        cache: CachePolicy | None = None,
        changes: Collection[CachePolicy] = (),
        shows: type[Schema] | Contents | Streamed | None = None,
        refuses: Collection[type[GymError]] = (),
        example: dict[str, Any] | None = None,
    ):
        super().__init__(expected_exceptions=(GymError, Refused))
        self.method = method
        self.path = path
        self.caller = caller
        self.scope = scope
        self.asks_password = asks_password
        self.body = body
        self.upload = upload
        self.query = query
        self.limit = limit
        self.status = status
        self.unfinished = unfinished
        self.known = known
        self.names_client = names_client
        self.keeps_tokens = keeps_tokens
        self.takes_key = takes_key
        self.cache = cache
        self.changes = changes
        # Any: a gateway with a route that leaves it out does not start (gateway.openapi.pages)
        self.shows: Contents | Streamed | Any = (
            shows if isinstance(shows, Contents | Streamed | None) else one_of(shows)
        )
        self.streams = upload is not None or isinstance(shows, Streamed)
        self.refuses = refuses
        self.example = example

    def setup(self) -> None:
        """Offer the route to the web server."""
        self.server.register_provider(self)

    def stop(self) -> None:
        """Unregister the route, when all its requests have their responses."""
        self.server.unregister_provider(self)

    @property
    def path_parameters(self) -> type[Parameters]:
        """The schema of the parameters in the path."""
        parts = self.path.split("/")
        return next((IN_PATHS[name] for name in IN_PATHS if name in parts), NoParameters)

    @property
    def is_personal(self) -> bool:
        """Whether all its responses are for the caller only."""
        return self.caller not in OPEN or self.body is not None or self.upload is not None

    def handle_request(self, request: HttpRequest) -> Response:
        """Serve a request: check it, run the method, put the result into the envelope."""
        lookup = self.response_cache.lookup(request, self.path, self.cache, self.scope)
        try:
            checked = self._check(request, lookup)
            if self.streams:
                return self._stream(request, checked)
            try:
                reply = self._reply(request, checked, lookup)
            except NotFound:
                again = self._for_its_caller(request, checked, lookup)
                if again is None:
                    raise
                reply = self._reply(request, again, lookup)
                self.admission.owners.forget(again.user_id)
        except Refused:
            raise
        except GymError as error:
            return self._failure(request, error)
        except Exception as problem:
            log.error("route failed", exc_info=problem, request_id=request.request_id)
            return failure(request, InternalError())
        return success(reply, self.status, request.request_id, request.header("If-None-Match"))

    def _reply(self, request: HttpRequest, checked: Request, lookup: Lookup) -> EncodedReply:
        cached = lookup.get(checked.caller)
        if cached is not None:
            return cached
        reply = self._run(request, checked)
        if self.changes:
            self.response_cache.invalidate(request, self.changes, checked.caller)
        personal = self.is_personal or checked.caller is not None
        varies = self.caller is OPTIONAL
        encoded = encode_reply(request, reply, personal=personal, varies=varies)
        lookup.store(encoded)
        return encoded

    def _stream(self, request: HttpRequest, checked: Request) -> Response:
        """Serve a request with a streamed body, a streamed response, or both."""
        personal = self.is_personal or checked.caller is not None
        varies = self.caller is OPTIONAL
        with ExitStack() as held:
            held.enter_context(self.admission.share_of_stream(request, checked.caller))
            place = self.server.workers.place()
            if self.upload is not None:
                checked = replace(checked, upload=Upload(request, place))
            reply = self.server.workers.run(self, checked, self._context(request), place)
            if self.changes:
                self.response_cache.invalidate(request, self.changes, checked.caller)
            if isinstance(reply, StreamedReply):
                kept = ExitStack() if reply.waits else held.pop_all()
                return stream_response(
                    reply, self.status, place, kept, personal=personal, varies=varies
                )
        encoded = encode_reply(request, reply, personal=personal, varies=varies)
        return success(encoded, self.status, request.request_id, request.header("If-None-Match"))

    def _for_its_caller(
        self, request: HttpRequest, checked: Request, lookup: Lookup
    ) -> Request | None:
        """Return a request for what everybody sees as one for what its caller sees.

        A user may ask for their first exercise, made through another gateway, before the event that
        tells of it is here. None if nobody with a good token makes the request, or it was for what
        they see already.
        """
        if self.caller is not OPTIONAL or checked.caller is not None:
            return None
        caller = self.admission.signed_in(self._arrival(request, lookup))
        return None if caller is None else replace(checked, caller=caller)

    def _run(self, request: HttpRequest, checked: Request) -> Reply:
        with self.admission.share(request, checked.caller), self._guard(request, checked):
            return self.server.workers.run(self, checked, self._context(request))

    def _guard(self, request: HttpRequest, checked: Request) -> AbstractContextManager[None]:
        """Return what limits guesses of a password."""
        if self.asks_password:
            return self.admission.password(request, checked.caller)
        if self.limit == LOGIN:
            return self.admission.login(request, checked.body.get("email"))
        return nullcontext()

    @cached_property
    def _schemas(self) -> tuple[Parameters, Parameters]:
        return self.path_parameters(), self.query()

    def _check(self, request: HttpRequest, lookup: Lookup) -> Request:
        # in the order that the contract gives to errors when several apply
        arrival = self._arrival(request, lookup)
        caller = self.admission.admit(arrival, self.caller, self.limit)
        if self.keeps_tokens:
            check_origin(request)
        if self.upload is None:
            request.check_length()
        else:
            self.upload.check_head(request)
        if self.body is not None:
            check_media_type(request)
        parameters = check_parameters(request, *self._schemas, takes_key=self.takes_key)
        if self.upload is not None:
            check_not_empty(request)
        token_cookie = find_cookie(request) if self.keeps_tokens else None
        body = {} if self.body is None else parse_object(request.read_body())
        return Request(
            request_id=request.request_id,
            caller=caller,
            path=parameters.path,
            query=parameters.query,
            body=body,
            idempotency_key=parameters.idempotency_key,
            client=self.admission.client(request) if self.names_client else None,
            token_cookie=token_cookie,
        )

    def _arrival(self, request: HttpRequest, lookup: Lookup) -> Arrival:
        on_behalf = partial(self._worker_context, request)
        return Arrival(request, bearer_token(request), self.scope, on_behalf, lookup.ask_ahead)

    def _worker_context(self, request: HttpRequest) -> WorkerContext:
        """Return the context in which services are asked who calls.

        It is no worker's, as none is needed if the response is cached.
        """
        return WorkerContext(self.container, None, self, data=self._context(request))

    def _context(self, request: HttpRequest) -> dict:
        context: dict[str, Any] = {"request_id": request.request_id, **tracing.carried()}
        if request.user_id is not None:
            context["user_id"] = request.user_id
        return context

    @staticmethod
    def _failure(request: HttpRequest, error: GymError) -> Response:
        if status_of(error) >= 500:
            log.warning(
                "request failed",
                code=error.code,
                reason=error.message,
                request_id=request.request_id,
            )
        return failure(request, error)


def route(
    method: str, path: str, **options: Any
) -> Callable[[Callable[..., AnyReply]], Callable[..., AnyReply]]:
    """Make a method of the gateway a route; see :class:`Route` for the options."""
    return Route.decorator(method, path, **options)
