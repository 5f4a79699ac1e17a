"""``http:`` and ``https:``: calls a server and makes its answer the message.

Behaviour of method, path, query and header mapping is that of Camel's HTTP component (its page in the manual, and the recorded cases).
"""

from __future__ import annotations

import base64
import re
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from adapters.rest.result import HttpOperationFailedException
from esb.coerce import octets, text
from esb.component import Component, Consumer, Deliver, Endpoint, Producer
from esb.edge import HTTP_NAME, is_control, without_control
from esb.errors import OptionError, Rejected, ValidationFailed
from esb.exchange import Exchange, Headers
from esb.fields import Kind, field
from esb.httpcall import UNKNOWN_OUTCOME, UNKNOWN_STATUSES, Answer, HttpCaller

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-length",
    }
)
_FOR_BROWSERS = frozenset(
    "x-content-type-options x-frame-options x-xss-protection strict-transport-security content-security-policy referrer-policy"
    " permissions-policy cross-origin-opener-policy cross-origin-embedder-policy cross-origin-resource-policy".split()
)
"""What a server tells browsers about its pages says nothing about a message, and must not travel on with it."""
_WORDS = {word.lower(): word for word in "Age Allow Date ETag Expires Link Location Pragma Server Vary Warning".split()}
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})  # RFC 9110 section 9.2.2
_UPWARDS = re.compile(r"(?:^|[/\\])\.\.(?:$|[/\\;])")  # some servers take \ for /, and some cut off what follows a ;
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")


class HttpEndpoint(Endpoint):
    """A server's address, with the options of the call; parameters that are none of these go to the server as the query.

    The message's headers go with the call. Those whose name no HTTP header can have (``order[id]`` of a form) stay here, and what the endpoint says
    itself (``Authorization`` by ``authMethod``, ``User-Agent``) goes in the place of the message's. Before anything is sent, a header with control
    characters in it and a ``CamelHttpPath`` with ``..`` as a step fail as ESB-X020: where a request's path steers the call (``platform-http:`` before
    it), nobody leaves the endpoint's path.
    """

    lenient: ClassVar[bool] = True

    http_method = field(
        Kind.TEXT, None, enum=_METHODS, doc="Method; by default GET without a body or with a query, POST otherwise."
    )
    throw_exception_on_failure = field(Kind.BOOL, True, doc="Whether a status outside okStatusCodeRange is a failure.")
    ok_status_code_range = field(Kind.TEXT, "200-299", doc="Statuses that mean success.", example="200-204,304")
    bridge_endpoint = field(Kind.BOOL, False, doc="Ignore CamelHttpUri and CamelHttpPath, as a proxy does.")
    copy_headers = field(Kind.BOOL, True, doc="Whether the message's headers stay beside the answer's.")
    skip_request_headers = field(Kind.BOOL, False, doc="Send none of the message's headers.")
    skip_response_headers = field(Kind.BOOL, False, doc="Take none of the answer's headers.")
    delete_with_body = field(Kind.BOOL, False, doc="Send the body with DELETE too.")
    get_with_body = field(Kind.BOOL, False, doc="Send the body with GET too.")
    ignore_response_body = field(Kind.BOOL, False, doc="Read over the answer's body.")
    deadline = field(
        Kind.DURATION, 30.0, aliases=("responseTimeout", "soTimeout"), doc="Total time for a call, connecting included."
    )
    connect_timeout = field(Kind.DURATION, 10.0, doc="Time to connect.")
    max_response_size = field(Kind.SIZE, 50 * 1024 * 1024, doc="Largest answer that is read.", example="50mb")
    auth_method = field(Kind.TEXT, None, enum=("Basic", "Bearer"), doc="How the bus says who it is.")
    auth_username = field(Kind.TEXT, None, doc="User name for authMethod Basic.")
    auth_password = field(Kind.TEXT, None, secret=True, doc="Its password.")
    auth_bearer_token = field(Kind.TEXT, None, secret=True, doc="Token for authMethod Bearer.")
    ca_file = field(Kind.TEXT, None, doc="PEM file of the authorities to trust, in place of the system's.")
    certificate = field(Kind.TEXT, None, doc="PEM file of the client's certificate.")
    key = field(Kind.TEXT, None, doc="PEM file of the client's key.")
    user_agent = field(Kind.TEXT, None, doc="Value of User-Agent.")
    idempotent = field(
        Kind.BOOL,
        None,
        doc="Whether a call may be made again when nobody knows whether it had its effect; by default by the method: POST and PATCH may not.",
    )

    def prepare(self) -> None:
        if not self.path.strip("/"):
            raise OptionError(f"{self.scheme}: needs a host", self.at, "write http://host:port/path")
        if self.auth_method == "Basic" and not (self.auth_username and self.auth_password):
            raise OptionError("Basic authentication needs 'authUsername' and 'authPassword'", self.at)
        try:
            self.ranges = tuple(_range(part) for part in str(self.ok_status_code_range).split(","))
        except ValueError:
            raise OptionError(
                f"'okStatusCodeRange' is not of the form 200-299: {self.ok_status_code_range!r}", self.at
            ) from None
        # Encoded anew from the decoded values, so that what data brought is one value, whatever its characters.
        self.fixed_query = urllib.parse.urlencode(
            {name: text(value) or "" for name, value in self.extra.items()}, quote_via=urllib.parse.quote
        )
        self.url = f"{self.scheme}://{self.raw_path}"

    def producer(self) -> Producer:
        return HttpProducer(self)

    def consumer(self, deliver: Deliver) -> Consumer:
        raise OptionError(f"{self.scheme}: only sends", self.at, "to receive requests use platform-http: or rest")


def _range(part: str) -> range:
    low, _, high = part.strip().partition("-")
    return range(int(low), int(high or low) + 1)


class HttpComponent(Component):
    """Calls HTTP servers. Endpoints with the same TLS options share a pool of connections."""

    schemes = ("http", "https")
    endpoint_class = HttpEndpoint


class HttpProducer(Producer):
    """Sends the body and takes the answer's. Thread-safe."""

    def __init__(self, endpoint: HttpEndpoint) -> None:
        self._endpoint = endpoint
        self._caller = HttpCaller(
            ca_file=self._file(endpoint.ca_file),
            certificate=self._file(endpoint.certificate),
            key=self._file(endpoint.key),
        )
        self._fixed = self._fixed_headers()

    def _file(self, name: str | None) -> str | None:
        return str(self._endpoint.context.path(name)) if name else None

    def _fixed_headers(self) -> dict[str, str]:
        endpoint = self._endpoint
        fixed = {"User-Agent": endpoint.user_agent or "esb"}
        if endpoint.auth_method == "Basic":
            pair = f"{endpoint.auth_username}:{endpoint.auth_password}".encode()
            fixed["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        elif endpoint.auth_method == "Bearer":
            fixed["Authorization"] = f"Bearer {endpoint.auth_bearer_token}"
        return fixed

    def send(self, exchange: Exchange) -> None:
        endpoint, message = self._endpoint, exchange.message
        headers = message.headers
        url, query = self._target(exchange)
        body = None if message.body is None else octets(message.body)
        method = self._method(exchange, query, body)
        if (
            (method == "GET" and not endpoint.get_with_body)
            or (method == "DELETE" and not endpoint.delete_with_body)
            or method == "HEAD"
        ):
            body = None
        sent = Headers() if endpoint.skip_request_headers else _outgoing(exchange)
        sent.update(self._fixed)
        if body is not None and "Content-Type" in headers:
            sent["Content-Type"] = text(headers["Content-Type"]) or "application/octet-stream"
        elif body is None:
            sent.pop("Content-Type", None)
        try:
            answer = self._caller.call(
                method,
                f"{url}?{query}" if query else url,
                sent,
                body,
                deadline=endpoint.deadline,
                connect_timeout=endpoint.connect_timeout,
                max_body=endpoint.max_response_size,
            )
        except UNKNOWN_OUTCOME as error:
            error.uncertain = not self._repeatable(method)
            raise
        self._take(exchange, answer, url, method)

    def _repeatable(self, method: str) -> bool:
        declared: bool | None = self._endpoint.idempotent
        return method in _IDEMPOTENT if declared is None else declared

    def _target(self, exchange: Exchange) -> tuple[str, str]:
        endpoint, headers = self._endpoint, exchange.message.headers
        url, query = endpoint.url, endpoint.fixed_query
        if not endpoint.bridge_endpoint:
            given_url = text(headers.get("CamelHttpUri")) or ""
            if given_url.startswith(("http://", "https://")):  # a request that came in left its path there
                url = given_url
            path = text(headers.get("CamelHttpPath"))
            if path:
                if _UPWARDS.search(path):  # it would be resolved on its way
                    message = "it has a step upwards in it, which would lead out of the endpoint's path"
                    raise ValidationFailed(
                        f"CamelHttpPath: {message}", [{"path": "header.CamelHttpPath", "message": message}]
                    )
                url = f"{url.rstrip('/')}/{urllib.parse.quote(path.lstrip('/'), safe='/:@!$&,;=~')}"
        given = text(headers.get("CamelHttpQuery"))
        return url, given or query

    def _method(self, exchange: Exchange, query: str, body: bytes | None) -> str:
        if self._endpoint.http_method:
            method: str = self._endpoint.http_method
            return method
        named = text(exchange.message.headers.get("CamelHttpMethod"))
        if named:
            if named.upper() not in _METHODS:
                raise Rejected(f"{named!r} is not an HTTP method", endpoint=self._endpoint.uri)
            return named.upper()
        return "GET" if query or body is None else "POST"

    def _take(self, exchange: Exchange, answer: Answer, url: str, method: str) -> None:
        endpoint, message = self._endpoint, exchange.message
        headers = message.headers
        if endpoint.throw_exception_on_failure and not any(answer.status in accepted for accepted in endpoint.ranges):
            headers["CamelHttpResponseCode"] = answer.status
            headers["CamelHttpResponseText"] = answer.reason
            error = HttpOperationFailedException(url, answer.status, answer.reason, answer.body, answer.retry_after)
            error.uncertain = answer.status in UNKNOWN_STATUSES and not self._repeatable(method)
            raise error
        if not endpoint.copy_headers:
            headers.clear()
        if endpoint.bridge_endpoint:
            headers.pop("CamelHttpPath")  # of the request that is passed on: it has done its work
        if not endpoint.skip_response_headers:
            for name, value in _incoming(answer.headers):
                headers[name] = value
        headers["CamelHttpResponseCode"] = answer.status
        headers["CamelHttpResponseText"] = answer.reason
        message.body = (
            None if endpoint.ignore_response_body or (not answer.body and answer.status in {204, 304}) else answer.body
        )

    def stop(self) -> None:
        self._caller.close()


def _incoming(headers: Sequence[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    """The answer's headers that belong to the message. Repeated ones become a list; names that came in lower case get the usual spelling."""
    found: dict[str, Any] = {}
    for name, value in without_control(headers):
        folded = name.lower()
        if folded in _HOP_BY_HOP or folded in _FOR_BROWSERS or (folded == "cache-control" and value == "no-store"):
            continue
        spelled = name if name != folded else _spelled(name)
        before = found.get(spelled)
        found[spelled] = value if before is None else [*before, value] if isinstance(before, list) else [before, value]
    return iter(found.items())


def _spelled(name: str) -> str:
    """Servers that fold names lose how routes write them: ``x-request-id`` -> ``X-Request-Id``; a word alone only where it is HTTP's own."""
    if "-" in name:
        return "-".join(part[:1].upper() + part[1:] for part in name.split("-"))
    return _WORDS.get(name, name)


def _outgoing(exchange: Exchange) -> Headers:
    """The message's headers as HTTP headers: no control, no hop-by-hop ones, none that HTTP cannot name, nothing that could split the request."""
    sent = Headers()  # no name twice, however it is spelled: the endpoint's own Authorization must be the only one
    for name, value in exchange.message.headers.items():
        if is_control(name) or name.lower() in _HOP_BY_HOP or value is None:
            continue
        told = text(value) or ""
        if any(ord(character) < 32 or ord(character) == 127 for character in name + told):
            message = "it holds control characters and cannot be sent"
            raise ValidationFailed(f"header {name!r}: {message}", [{"path": f"header.{name}", "message": message}])
        if HTTP_NAME.fullmatch(name):  # "Transfer-Encoding " is none, and would be one for a server that strips it
            sent[name] = told.encode("utf-8").decode("latin-1")
    return sent
