"""Rest elements to routes: each operation becomes a route from a path of the web server to the endpoint it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from esb.coerce import text
from esb.dsl.model import FromSpec, Raw, RouteDef, RouteFile, RouteSpec
from esb.dsl.parse import Parser
from esb.dsl.rest import VERBS, ParamSpec, RestConfigurationSpec, RestSpec, VerbSpec
from esb.errors import ConfigError, OptionError
from esb.exchange import Exchange
from esb.program import Step
from esb.registry import Registry
from esb.step import Builder, StepSpec

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, TRACE, OPTIONS, CONNECT, PATCH",
    "Access-Control-Allow-Headers": (
        "Origin, Accept, X-Requested-With, Content-Type, Access-Control-Request-Method, Access-Control-Request-Headers"
    ),
    "Access-Control-Max-Age": "3600",
}


@dataclass
class _Expansion:
    """What all operations of one load share. ``targets``: direct endpoint -> the operation it answers already."""

    registry: Registry
    configuration: RestConfigurationSpec
    targets: dict[str, str] = field(default_factory=dict)


def expand_rests(parser: Parser, files: Sequence[RouteFile], registry: Registry) -> None:
    """Add the routes of all rest elements to their files; what is wrong is noted with the parser."""
    expansion = _Expansion(registry, RestConfigurationSpec())
    for file in files:
        for raw in file.rests:
            if raw.name == "restConfiguration":
                expansion.configuration = (
                    parser.spec(RestConfigurationSpec, raw.node, raw.at) or expansion.configuration
                )
    for file in files:
        for raw in file.rests:
            if raw.name == "rest":
                file.routes += _routes(parser, raw, expansion)


def _routes(parser: Parser, raw: Raw, expansion: _Expansion) -> list[RouteDef]:
    rest = parser.spec(RestSpec, raw.node, raw.at)
    if rest is None or rest.disabled:
        return []
    made = []
    for method in VERBS:
        for verb in getattr(rest, method):
            if verb.disabled:
                continue
            try:
                made.append(_route(method.upper(), rest, verb, expansion))
            except ConfigError as error:
                parser.note(error)
    return made


def _route(method: str, rest: RestSpec, verb: VerbSpec, expansion: _Expansion) -> RouteDef:
    configuration, targets = expansion.configuration, expansion.targets
    path = "/".join(
        part.strip("/") for part in (configuration.context_path, rest.path, verb.path) if part and part.strip("/")
    )
    if verb.to is None:
        raise OptionError(
            f"{method} /{path} needs 'to'", verb.at, "name the endpoint that answers, such as direct:get-customer"
        )
    target = verb.to.uri.partition("?")[0]
    if target.startswith("direct:"):
        if target in targets:
            raise OptionError(
                f"{target} already answers {targets[target]}",
                verb.at,
                "give each operation a direct endpoint of its own",
            )
        targets[target] = f"{method} /{path}"

    def option(name: str) -> Any:
        return next(
            (value for part in (verb, rest, configuration) if (value := getattr(part, name, None)) is not None), None
        )

    binding = option("binding_mode") or "off"
    parameters: dict[str, Any] = {"httpMethodRestrict": method}
    if option("consumes"):
        parameters["consumes"] = option("consumes")
    if option("produces"):
        parameters["produces"] = option("produces")
    steps: list[StepSpec] = []
    if option("enable_cors"):
        steps.append(RestCors(verb.at))
    if verb.param:
        steps.append(RestParameters(verb.at, params=verb.param, validate=bool(option("client_request_validation"))))
    if binding != "off" or verb.type or option("client_request_validation"):
        wanted = binding if binding != "off" else ("json" if verb.type else "check")
        steps.append(RestBindingIn(verb.at, mode=wanted, type=verb.type, consumes=option("consumes") or ""))
    steps.append(expansion.registry.lookup("step", "to")(verb.to.at, uri=verb.to.uri, parameters=verb.to.parameters))
    if binding != "off" or verb.out_type:
        steps.append(RestBindingOut(verb.at, out_type=verb.out_type))
    from_ = FromSpec(verb.at, uri=f"platform-http:/{path}", parameters=parameters, steps=tuple(steps))
    return RouteDef(RouteSpec(verb.at, id=verb.route_id or verb.id, from_=from_, description=verb.description))


def _refuse(exchange: Exchange, status: int, words: str) -> None:
    exchange.message.body = words or None
    exchange.message.headers["CamelHttpResponseCode"] = status
    exchange.halted = True


class RestCors(StepSpec):
    """Sets the headers that let other origins call; never with credentials."""

    name = "restCors"

    def build(self, builder: Builder) -> Step:
        def cors(exchange: Exchange) -> None:
            exchange.message.headers.update(_CORS)

        return cors


class RestParameters(StepSpec):
    """Fills defaults and, if asked, refuses requests without required parameters or with values that are not allowed."""

    name = "restParameters"
    params: tuple[ParamSpec, ...]
    validate: bool

    def __init__(self, at: Any, params: tuple[ParamSpec, ...], validate: bool) -> None:
        super().__init__(at)
        self.params = params
        self.validate = validate

    def build(self, builder: Builder) -> Step:
        named = [one for one in self.params if one.type in {"query", "header"}]
        defaults = {one.param_name: one.default_value for one in named if one.default_value is not None}
        required = [
            one.param_name
            for one in named
            if one.default_value is None and (one.required if one.required is not None else True)
        ]
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
            if any(name not in headers for name in required):
                _refuse(exchange, 400, "Some of the required query parameters are missing.")
            elif any(name in headers and text(headers[name]) not in values for name, values in allowed.items()):
                _refuse(exchange, 400, "Some of the query parameters or HTTP headers has a not-allowed value.")

        return check


class RestBindingIn(StepSpec):
    """Reads the request's body by its media type; holds it against the verb's data type where it names one of ours."""

    name = "restBindingIn"
    mode: str
    type: str | None
    consumes: str

    def __init__(self, at: Any, mode: str, type: str | None, consumes: str) -> None:
        super().__init__(at)
        self.mode = mode
        self.type = type
        self.consumes = consumes

    def build(self, builder: Builder) -> Step:
        # A dotted name without a package of Java is one of our data types.
        own = self.type is not None and not self.type.startswith(("java.", "com.", "org."))
        data_type = builder.context.service("datatypes").type(self.type) if own else None
        mode, consumes = self.mode, self.consumes

        def bind(exchange: Exchange) -> None:
            body = exchange.message.body
            if not isinstance(body, (bytes, str)) or not body:
                return
            kind = (text(exchange.message.headers.get("Content-Type")) or "").lower()
            if mode == "check":
                if "json" in consumes and _json(exchange, body) is None and exchange.halted:
                    exchange.message.body = "Invalid JSon payload."
                return
            if mode in {"json", "auto", "json_xml"} and ("json" in kind or not kind or mode == "json"):
                value = _json(exchange, body)
                if not exchange.halted:
                    exchange.message.body = data_type.load(value) if data_type is not None else value

        return bind


def _json(exchange: Exchange, body: bytes | str) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        _refuse(exchange, 400, "")
        exchange.message.headers["Content-Type"] = "text/plain; charset=utf-8"
        return None


class RestBindingOut(StepSpec):
    """Writes the answer's body as JSON."""

    name = "restBindingOut"
    out_type: str | None

    def __init__(self, at: Any, out_type: str | None) -> None:
        super().__init__(at)
        self.out_type = out_type

    def build(self, builder: Builder) -> Step:
        own = self.out_type is not None and not self.out_type.startswith(("java.", "com.", "org."))
        data_type = builder.context.service("datatypes").type(self.out_type) if own else None

        def bind(exchange: Exchange) -> None:
            body = exchange.message.body
            if body is None or isinstance(body, bytes):
                return
            if data_type is not None:
                body = data_type.dump(body)
            exchange.message.body = msgspec.json.encode(body)
            exchange.message.headers["Content-Type"] = "application/json"

        return bind
