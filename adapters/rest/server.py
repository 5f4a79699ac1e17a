"""``platform-http:``: a path of the bus's own web server as the source of a route."""

from __future__ import annotations

import logging
import urllib.parse
from collections.abc import Container, Iterator, Mapping
from typing import Any

from adapters.rest.result import HttpOperationFailedException
from esb.coerce import NoConversion, Source, octets, text
from esb.component import Component, Consumer, Deliver, Endpoint, Producer
from esb.edge import without_control
from esb.errors import (
    Malformed,
    OptionError,
    Rejected,
    TransportError,
    ValidationFailed,
    unknown_outcome,
)
from esb.exchange import IN_ONLY, IN_OUT, Exchange
from esb.fields import Kind, field
from esb.httphost import HttpRequest, HttpResponse, Mounted, Respond
from esb.unit import UnitOfWork

_log = logging.getLogger("esb.rest")

_PATH_PARAMETERS = "esb.pathParameters"
_INTERNAL = ("camel", "esb-", "esb.", "esb_")
"""Headers that steer the bus, and are nobody's business."""
_FORM = "application/x-www-form-urlencoded"
_NEVER_BACK = frozenset(
    # What belongs to one connection,
    "content-length transfer-encoding connection keep-alive upgrade http2-settings te trailer host via"
    # and secrets, which are not ours to repeat.
    " authorization proxy-authorization cookie".split()
)
_ASKED = frozenset(
    "a-im accept accept-charset accept-datetime accept-encoding accept-language access-control-request-headers access-control-request-method"
    " expect forwarded from if-match if-modified-since if-none-match if-range if-unmodified-since max-forwards origin prefer range"
    " referer user-agent".split()
)
"""What only a request says. All its other headers Camel gives back, if the route leaves them."""
_ANSWERS_ONLY = frozenset(
    {
        "content-type",
        "set-cookie",
        "location",
        "refresh",
        "link",
        "content-disposition",
        "content-security-policy",
        "www-authenticate",
        "strict-transport-security",
        "clear-site-data",
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-expose-headers",
    }
)
"""What makes a browser do something: never given back to whoever asked with it, as a link with ``?Set-Cookie=...`` would."""
_BACK_NUMBER = 64
_BACK_SIZE = 3 * 1024
"""What the request brought goes back within these bounds: who cannot read an answer does it again. nginx takes 4 KB of headers unless told
otherwise, Node 16 KB, Python 100 of them; what is left is for the route's own."""


class PlatformHttpEndpoint(Endpoint):
    """A path template such as ``/customers/{id}``.

    Query and form fields become headers of the message beside the request's own, and go back with the answer as these do, as in Camel, unless the
    route removes them. Those that no HTTP header can be (a field ``order[id]`` or ``first name``, a value with control characters) stay in the
    message only. So does what the request brought beyond 64 headers and fields, or 3 KB of them: many a client and proxy would not read such an
    answer. Headers that the route sets always go.
    """

    location = field(
        Kind.TEXT,
        "/",
        name="path",
        path=True,
        doc="Path, with parameters in braces; ``/*`` in the end takes everything below.",
        example="/customers/{id}",
    )
    http_method_restrict = field(Kind.NAMES, (), doc="Methods that are taken; all by default.", example="GET,POST")
    match_on_uri_prefix = field(Kind.BOOL, False, doc="Take everything below the path too.")
    max_body = field(
        Kind.SIZE, 10 * 1024 * 1024, aliases=("fileSizeLimit",), doc="Largest body that is taken.", example="10mb"
    )
    consumes = field(Kind.TEXT, None, doc="Media types that are accepted, with commas; 415 for others.")
    produces = field(
        Kind.TEXT, None, doc="Media types that are given, with commas; 406 if the client takes none of them."
    )
    mute_exception = field(Kind.BOOL, True, doc="Whether an error's text stays inside; the client gets an id.")
    return_http_request_headers = field(
        Kind.BOOL,
        False,
        doc="Whether what only a request says (Accept, User-Agent, ...) goes back too, but never credentials. Other headers do in either case.",
    )
    file_name_ext_whitelist = field(Kind.TEXT, None, doc="Accepted for Camel's sake; uploads are not stored.")
    use_streaming = field(Kind.BOOL, False, doc="Accepted for Camel's sake; a body is bounded by maxBody.")
    use_cookie_handler = field(Kind.BOOL, False, doc="Accepted for Camel's sake.")
    use_body_handler = field(Kind.BOOL, True, doc="Accepted for Camel's sake.")
    handle_write_response_error = field(
        Kind.BOOL, False, doc="Accepted for Camel's sake: a client that has gone fails no exchange."
    )
    populate_body_with_form = field(
        Kind.BOOL, True, doc="Whether the fields of a form become the body, as a map, beside the headers."
    )

    def producer(self) -> Producer:
        raise OptionError("platform-http: only receives", self.at, "to call a server use http: or https:")

    def consumer(self, deliver: Deliver) -> Consumer:
        return PlatformHttpConsumer(self, deliver)


class PlatformHttpComponent(Component):
    """Paths of the web server that the context provides."""

    schemes = ("platform-http",)
    endpoint_class = PlatformHttpEndpoint


class PlatformHttpConsumer(Consumer):
    """Makes an exchange of each request and answers when its unit settles: after every durable send is confirmed."""

    def __init__(self, endpoint: PlatformHttpEndpoint, deliver: Deliver) -> None:
        self._endpoint = endpoint
        self._deliver = deliver
        self._mounted: Mounted | None = None
        self._left_out = _NEVER_BACK if endpoint.return_http_request_headers else _NEVER_BACK | _ASKED
        self._consumes = _types(endpoint.consumes)
        self._produces = _types(endpoint.produces)

    def start(self) -> None:
        endpoint = self._endpoint
        location, star, _ = endpoint.location.partition("/*")
        self._mounted = endpoint.context.http.mount(
            endpoint.http_method_restrict,
            location or "/",
            self._handle,
            max_body=endpoint.max_body,
            prefix=endpoint.match_on_uri_prefix or bool(star),
            owner=endpoint.uri,
        )

    def stop(self, drain: float = 30.0) -> None:
        if self._mounted is not None:
            self._mounted.remove()
            self._mounted = None

    def _handle(self, request: HttpRequest, respond: Respond) -> None:
        refused = self._refusal(request)
        if refused is not None:
            respond(refused)
            return
        exchange = Exchange(pattern=self._endpoint.exchange_pattern or IN_OUT)
        try:
            _fill(exchange, request, form_as_body=self._endpoint.populate_body_with_form)
        except ValueError:
            respond(_plain(400, "the query or the form has more fields than are taken"))
            return
        exchange.unit = UnitOfWork(lambda unit: respond(self._settled(exchange, unit, request)))
        self._deliver((exchange,))

    def _settled(self, exchange: Exchange, unit: UnitOfWork, request: HttpRequest) -> HttpResponse:
        try:
            return self._answer(exchange, unit, request)
        except Exception:  # whatever a route has left behind, the client gets an answer
            _log.exception("%s left no answer that can be sent", exchange.from_route, extra={"exchange": exchange.id})
            return _plain(500, f"the request failed, exchange {exchange.id}")

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        """Refuses with the status alone, as Camel does."""
        if request.method == "OPTIONS":
            return None
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if self._consumes and request.body and not any(_fits(kind, accepted) for accepted in self._consumes):
            return HttpResponse(415)
        accept = request.header("accept")
        if (
            self._produces
            and accept
            and not any(_fits(given, wanted) for wanted in _types(accept) for given in self._produces)
        ):
            return HttpResponse(406)
        return None

    def _answer(self, exchange: Exchange, unit: UnitOfWork, request: HttpRequest) -> HttpResponse:
        if unit.error is not None:
            if not request.body and isinstance(unit.error, NoConversion):
                return _plain(400, "the request has no body, which is needed here")
            failed = _failure(exchange, unit.error, muted=self._endpoint.mute_exception)
            # Without these a browser does not even show its page that the call failed.
            shown = [
                (name, value)
                for name, value in _returned(exchange.message.headers, (), self._left_out, request)
                if name.lower().startswith("access-control-")
            ]
            return HttpResponse(failed.status, [*failed.headers, *shown], failed.body)
        if exchange.pattern == IN_ONLY:
            return HttpResponse(202)
        headers = exchange.message.headers
        status = headers.get("CamelHttpResponseCode")
        body = _body(exchange.message.body)
        code = (
            int(text(status) or 200)
            if status is not None
            else (204 if exchange.message.body is None and request.method != "HEAD" else 200)
        )
        if not 200 <= code < 600:
            raise ValueError(f"{code} is no status of an answer")
        own = exchange.properties.get(_PATH_PARAMETERS, ())
        return HttpResponse(code, list(_returned(headers, own, self._left_out, request)), body)


def _returned(
    headers: Mapping[str, Any], own: Container[str], left_out: Container[str], request: HttpRequest
) -> Iterator[tuple[str, str]]:
    """What goes back of the message's headers: all that the route set, and of what the request brought what is harmless and fits."""
    brought = _brought(request)
    number, room = _BACK_NUMBER, _BACK_SIZE
    for name, value in _given(headers, own, left_out):
        if (name.lower(), value) in brought:
            size = len(name) + len(value) + 4
            if name.lower() in _ANSWERS_ONLY or number == 0 or size > room:
                continue
            number -= 1
            room -= size
        yield name, value


def _given(
    headers: Mapping[str, Any], own: Container[str], left_out: Container[str] = _NEVER_BACK
) -> Iterator[tuple[str, str]]:
    """The message's headers that may go back; one with several values is given several times."""
    for name, value in headers.items():
        folded = name.lower()
        if folded in left_out or folded.startswith(_INTERNAL) or name in own:
            continue
        for one in value if isinstance(value, list) else (value,):
            told = text(one)
            if told is not None:
                yield name, told


def _fill(exchange: Exchange, request: HttpRequest, *, form_as_body: bool = True) -> None:
    """Headers, query, form and path parameters to message headers (control names stripped), the request line to Camel's own headers."""
    headers = exchange.message.headers
    for name, value in without_control(request.headers):
        _add(headers, _spelled(name), _decoded(value))
    for name, value in without_control(_fields(request.query)):
        _add(headers, name, value)
    for name, value in without_control(request.path_parameters):
        headers[name] = value
    exchange.properties[_PATH_PARAMETERS] = request.path_parameters
    headers["CamelHttpMethod"] = request.method
    headers["CamelHttpPath"] = request.path
    headers["CamelHttpUri"] = f"{request.path}?{request.query}" if request.query else request.path
    headers["CamelHttpUrl"] = f"{request.scheme}://{request.host}{request.path}"
    if request.query:
        headers["CamelHttpQuery"] = request.query
        headers["CamelHttpRawQuery"] = request.query
    form = _form(request)
    if form:
        for name, value in without_control(form):
            _add(headers, name, value)
        fields: dict[str, Any] = {}
        for name, value in form:
            _add(fields, name, value)
        exchange.message.body = fields if form_as_body else None
    else:
        exchange.message.body = request.body or None


def _fields(text: str) -> list[tuple[str, str]]:
    """Raises ValueError for more than a person would fill in."""
    return urllib.parse.parse_qsl(text, keep_blank_values=True, max_num_fields=1000)


def _form(request: HttpRequest) -> list[tuple[str, str]]:
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    return _fields(request.body.decode("utf-8", "replace")) if kind == _FORM and request.body else []


def _brought(request: HttpRequest) -> set[tuple[str, str]]:
    """The headers and fields that the request itself brought, by folded names, but for its own content type, which may go back, as in Camel.

    Read once for an answer: a form may have a thousand fields.
    """
    headers = ((name, _decoded(value)) for name, value in request.headers if name.lower() != "content-type")
    return {(name.lower(), value) for name, value in (*headers, *_fields(request.query), *_form(request))}


def _decoded(value: str) -> str:
    return value.encode("latin-1").decode("utf-8", "replace")


def _add(headers: Any, name: str, value: str) -> None:
    """A repeated name makes a list, as in Camel."""
    if name in headers:
        before = headers[name]
        headers[name] = [*before, value] if isinstance(before, list) else [before, value]
    else:
        headers[name] = value


def _spelled(name: str) -> str:
    """``content-type`` -> ``Content-Type``: servers fold names, routes are written in the usual spelling."""
    return "-".join(part[:1].upper() + part[1:] for part in name.split("-"))


def _body(value: Any) -> bytes:
    if value is None:
        return b""
    if isinstance(value, (dict, list)):
        import msgspec

        return msgspec.json.encode(value)
    if isinstance(value, (bytes, str, Source)):
        return octets(value)
    return octets(text(value) or "") if isinstance(value, (int, float, bool)) else octets(value)


def _failure(exchange: Exchange, error: BaseException, *, muted: bool) -> HttpResponse:
    """What the client may know: which of its fields are wrong, or that it may try again; never what happened inside."""
    if unknown_outcome(error):  # no word of trying again, by status or header: who does may do it twice
        return _plain(502, f"this may have been done: look before you send it again; exchange {exchange.id}")
    if isinstance(error, ValidationFailed) and exchange.properties.get("CamelFailureRouteId") is not None:
        import msgspec

        status = 400 if isinstance(error, Malformed) else 422
        report = {
            "error": str(error),
            "fields": [{"path": one.get("path"), "message": one.get("message")} for one in error.report],
        }
        return HttpResponse(status, [("Content-Type", "application/json")], msgspec.json.encode(report))
    if isinstance(error, TransportError) and error.retriable:
        after = getattr(error, "retry_after", None) or 5
        told = _plain(503, f"a system behind this one does not answer; try again later; exchange {exchange.id}")
        return HttpResponse(503, [*told.headers, ("Retry-After", str(int(after)))], told.body)
    if isinstance(error, Rejected):
        return _plain(502, f"a system behind this one refuses this: trying again does not help; exchange {exchange.id}")
    if isinstance(error, HttpOperationFailedException) and not muted:
        return _plain(502, str(error))
    if muted:
        return HttpResponse(500, [("Content-Type", "text/plain; charset=utf-8")], b"")
    return _plain(500, f"{type(error).__name__}: {error}")


def _plain(status: int, words: str) -> HttpResponse:
    return HttpResponse(status, [("Content-Type", "text/plain; charset=utf-8")], f"{words}\n".encode())


def _types(listed: str | None) -> tuple[str, ...]:
    return tuple(part.partition(";")[0].strip().lower() for part in (listed or "").split(",") if part.strip())


def _fits(kind: str, pattern: str) -> bool:
    if pattern in {"*/*", kind}:
        return True
    if not kind:  # what has no type fits where any of a kind would do
        return pattern.endswith("/*")
    return pattern.endswith("/*") and kind.startswith(pattern[:-1])
