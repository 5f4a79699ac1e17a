"""What a rest operation does around its route: cross-origin headers, checks of the request, bodies to values and back.

Texts and statuses of refusals are Camel's (``RestBindingAdvice``), since clients know them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from esb.coerce import octets, text
from esb.dsl.rest import ParamSpec
from esb.errors import Malformed, Position
from esb.exchange import Exchange
from esb.program import Step
from esb.step import Builder, StepSpec

_PLAIN: Final = "text/plain; charset=utf-8"
_FOREIGN: Final = ("java.", "javax.", "jakarta.", "com.", "org.")
"""Classes, which say no more than what shape a body has; other names are data types of ours."""
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, TRACE, OPTIONS, CONNECT, PATCH",
    "Access-Control-Allow-Headers": (
        "Origin, Accept, X-Requested-With, Content-Type, Access-Control-Request-Method, Access-Control-Request-Headers"
    ),
    "Access-Control-Max-Age": "3600",
}


def _refuse(exchange: Exchange, status: int, words: str, content_type: str = "") -> None:
    exchange.message.body = words or None
    exchange.message.headers["CamelHttpResponseCode"] = status
    if content_type:
        exchange.message.headers["Content-Type"] = content_type
    exchange.halted = True


class RestCors(StepSpec):
    """Sets the headers that let other origins call, never with credentials, and answers a browser's question whether it may."""

    name = "restCors"

    def __init__(self, at: Position, own: Mapping[str, str]) -> None:
        super().__init__(at)
        self.headers = {name: own.get(name, value) for name, value in _CORS.items()}

    def build(self, builder: Builder) -> Step:
        headers = self.headers

        def cors(exchange: Exchange) -> None:
            message = exchange.message
            message.headers.update(headers)
            if message.headers.get("CamelHttpMethod") == "OPTIONS":
                message.body = None
                message.headers["CamelHttpResponseCode"] = 200
                exchange.halted = True

        return cors


class RestParameters(StepSpec):
    """Fills defaults and, if asked, refuses requests without required parameters, or with values that are not allowed."""

    name = "restParameters"

    def __init__(self, at: Position, params: tuple[ParamSpec, ...], *, validate: bool) -> None:
        super().__init__(at)
        self.params = params
        self.validate = validate

    def build(self, builder: Builder) -> Step:
        named = [one for one in self.params if one.type in {"query", "header"}]
        defaults = {one.param_name: one.default_value for one in named if one.default_value is not None}
        required = {
            kind: [one.param_name for one in named if one.type == kind and one.default_value is None and _needed(one)]
            for kind in ("query", "header")
        }
        needs_body = any(one.type == "body" and _needed(one) for one in self.params)
        allowed = {
            one.param_name: {value.value for value in one.allowable_values} for one in named if one.allowable_values
        }
        validate = self.validate

        def check(exchange: Exchange) -> None:
            headers = exchange.message.headers
            for name, value in defaults.items():
                headers.setdefault(name, value)
            if not validate:
                return
            if any(name not in headers for name in required["query"]):
                _refuse(exchange, 400, "Some of the required query parameters are missing.")
            elif any(name not in headers for name in required["header"]):
                _refuse(exchange, 400, "Some of the required HTTP headers are missing.")
            elif any(name in headers and text(headers[name]) not in values for name, values in allowed.items()):
                _refuse(exchange, 400, "Some of the query parameters or HTTP headers has a not-allowed value.")
            elif needs_body and exchange.message.body in (None, "", b""):
                _refuse(exchange, 400, "The request body is missing.")

        return check


def _needed(param: ParamSpec) -> bool:
    return param.required is not False


class RestMediaTypes(StepSpec):
    """Refuses a body or a wish for an answer in a media type that the operation does not have."""

    name = "restMediaTypes"

    def __init__(self, at: Position, consumes: str, produces: str) -> None:
        super().__init__(at)
        self.consumes = _types(consumes)
        self.produces = _types(produces)

    def build(self, builder: Builder) -> Step:
        consumes, produces = self.consumes, self.produces

        def check(exchange: Exchange) -> None:
            headers = exchange.message.headers
            given = _types(text(headers.get("Content-Type")) or "")
            wanted = _types(text(headers.get("Accept")) or "")
            if consumes and exchange.message.body not in (None, "", b"") and not _meet(given, consumes):
                _refuse(exchange, 415, "")
            elif produces and wanted and not _meet(produces, wanted):
                _refuse(exchange, 406, "")

        return check


def _types(told: str) -> list[str]:
    return [part.partition(";")[0].strip().lower() for part in told.split(",") if part.strip()]


def _meet(types: list[str], patterns: list[str]) -> bool:
    return any(
        pattern in {"*/*", kind} or (pattern.endswith("/*") and kind.startswith(pattern[:-1]))
        for kind in types
        for pattern in patterns
    )


class RestBindingIn(StepSpec):
    """Reads the request's body by its media type; holds it against the verb's data type where it names one of ours.

    ``mode`` ``check`` reads JSON only to see that it is JSON.
    """

    name = "restBindingIn"

    def __init__(self, at: Position, mode: str, kind: str | None, consumes: str) -> None:
        super().__init__(at)
        self.mode = mode
        self.kind = kind
        self.consumes = consumes

    def build(self, builder: Builder) -> Step:
        formats = _Formats(builder, self.kind)
        mode, consumes = self.mode, self.consumes

        def bind(exchange: Exchange) -> None:
            body = exchange.message.body
            if body is None or isinstance(body, (dict, list)):
                return
            data = octets(body)
            if not data:
                return
            if mode == "check":
                kind = (text(exchange.message.headers.get("Content-Type")) or "json").lower()
                if "json" in consumes and "json" in kind and not formats.is_json(exchange, data):
                    _refuse(exchange, 400, "Invalid JSon payload.")
                return
            kind = (text(exchange.message.headers.get("Content-Type")) or consumes).lower()
            try:
                if mode == "xml" or (mode in {"auto", "json_xml"} and "xml" in kind and "json" not in kind):
                    exchange.message.body = formats.read_xml(exchange, data)
                else:
                    exchange.message.body = formats.read_json(exchange, data)
            except Malformed:
                _refuse(exchange, 400, "", _PLAIN)

        return bind


class RestBindingOut(StepSpec):
    """Writes the answer's body as JSON or XML, as its Content-Type, the client's wish or the operation says; with ``mode`` off only names it."""

    name = "restBindingOut"

    def __init__(
        self,
        at: Position,
        mode: str,
        kind: str | None,
        produces: str,
        *,
        skip_errors: bool = True,
        no_content: bool = False,
    ) -> None:
        super().__init__(at)
        self.mode = mode
        self.kind = kind
        self.produces = produces
        self.skip_errors = skip_errors
        self.no_content = no_content

    def build(self, builder: Builder) -> Step:
        mode, produces, skip_errors, no_content = self.mode, self.produces, self.skip_errors, self.no_content
        if mode == "off":
            return lambda exchange: _say(exchange.message.headers, produces, skip_errors)
        formats = _Formats(builder, self.kind)

        def bind(exchange: Exchange) -> None:
            headers = exchange.message.headers
            given = (text(headers.get("Content-Type")) or "").lower()
            told = given or produces or ("json" if mode in {"json", "auto", "json_xml"} else mode)
            wanted = (text(headers.get("Accept")) or "").lower() if mode in {"auto", "json_xml"} else ""
            xml = mode == "xml" or ("xml" in wanted and "json" not in wanted) or ("xml" in told and "json" not in told)
            if not given:
                headers["Content-Type"] = "application/xml" if xml else "application/json"
            body = exchange.message.body
            if skip_errors and _failed(headers):
                return
            if body is None or isinstance(body, bytes) or not ("json" in told or "xml" in told):
                return
            if no_content and body in ({}, []):
                exchange.message.body = None
                headers["CamelHttpResponseCode"] = 204
                return
            value = formats.dumped(body)
            if xml and not isinstance(value, str):
                exchange.message.body = formats.write_xml(exchange, value)
                headers["Content-Type"] = "application/xml"
            elif not xml:
                exchange.message.body = formats.write_json(exchange, value)
                if given.startswith("application/json;"):
                    headers["Content-Type"] = "application/json"  # it is UTF-8, whatever the request was

        return bind


def _failed(headers: Mapping[str, Any]) -> bool:
    status = headers.get("CamelHttpResponseCode")
    return status is not None and str(status).isdigit() and int(status) >= 300


def _say(headers: dict[str, Any], produces: str, skip_errors: bool) -> None:
    """Name the media type of an answer that is as the route made it: what the operation produces, else what the client wishes."""
    if headers.get("Content-Type") or (skip_errors and _failed(headers)):
        return
    wanted = text(headers.get("Accept")) or ""
    kind = produces or ("application/json" if "json" in wanted else "application/xml" if "xml" in wanted else "")
    if kind:
        headers["Content-Type"] = kind


class _Formats:
    """JSON and XML of one operation, and its data type; ``name[]`` is a list of them."""

    def __init__(self, builder: Builder, kind: str | None) -> None:
        context = builder.context
        plain = (kind or "").removesuffix("[]")
        own = bool(plain) and not plain.startswith(_FOREIGN)
        many = own and plain != kind
        self._kind = context.service("datatypes").type(plain) if own else None
        json, xml = (context.lookup("dataformat", name) for name in ("json", "jacksonXml"))
        held = json(content_type_header=False, unmarshal_type=plain or None, use_list=many).build(context)
        free = json(content_type_header=False).build(context)
        root = plain.rpartition(".")[2] if own else None
        marked = xml(content_type_header=False, root_name=root, unmarshal_type=plain if own and not many else None)
        self.read_json: Callable[[Exchange, Any], Any] = held.unmarshal
        self.write_json: Callable[[Exchange, Any], Any] = free.marshal
        self.read_xml: Callable[[Exchange, Any], Any] = marked.build(context).unmarshal
        self.write_xml: Callable[[Exchange, Any], Any] = (
            xml(content_type_header=False, root_name=root).build(context).marshal
        )

    def is_json(self, exchange: Exchange, data: bytes) -> bool:
        try:
            self.read_json(exchange, data)
        except Malformed:
            return False
        return True

    def dumped(self, value: Any) -> Any:
        """The value as the data type writes it."""
        if self._kind is None:
            return value
        return [self._kind.dump(item) for item in value] if isinstance(value, list) else self._kind.dump(value)
