"""Rest elements to routes: each operation becomes a route from a path of the web server to the endpoint it names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from esb.compiler.rest_contract import Contract, Contracted, read_contract
from esb.compiler.rest_pages import RestApiDoc, RestContractPage, RestEcho, RestMock, RestNothing
from esb.compiler.rest_steps import RestBindingIn, RestBindingOut, RestCors, RestMediaTypes, RestParameters
from esb.dsl.model import FromSpec, Raw, RouteDef, RouteFile, RouteSpec
from esb.dsl.parse import Parser
from esb.dsl.rest import VERBS, OpenApiSpec, ParamSpec, RestConfigurationSpec, RestSpec, VerbSpec
from esb.errors import ConfigError, OptionError, Position
from esb.registry import Registry
from esb.step import StepSpec

FindFile = Callable[[str], Path]


@dataclass
class _Expansion:
    """What all operations of one load share. ``targets``: direct endpoint -> the operation it answers already."""

    parser: Parser
    registry: Registry
    path: FindFile
    configuration: RestConfigurationSpec
    served: frozenset[str]
    """Direct endpoints that routes start with."""
    targets: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """Paths at which a browser's question before a call is answered already."""
    rests: list[RestSpec] = field(default_factory=list)

    def below(self, *parts: str) -> str:
        """A path below the configured context path."""
        told = (part.strip("/") for part in (self.configuration.context_path or "", *parts))
        return "/" + "/".join(part for part in told if part)


def expand_rests(parser: Parser, files: Sequence[RouteFile], registry: Registry, path: FindFile) -> None:
    """Add the routes of all rest elements to their files; what is wrong is noted with the parser. ``path`` finds a file of the project."""
    configuration = RestConfigurationSpec()
    for raw in _raws(files, "restConfiguration"):
        configuration = parser.spec(RestConfigurationSpec, raw.node, raw.at) or configuration
    served = frozenset(route.spec.from_.uri.partition("?")[0] for file in files for route in file.routes)
    expansion = _Expansion(parser, registry, path, configuration, served)
    last = None
    for file in files:
        for raw in _raws((file,), "rest"):
            last = file
            file.routes += _routes(raw, expansion)
    if configuration.api_context_path and last is not None:
        last.routes.append(_api_doc(expansion))


def _raws(files: Sequence[RouteFile], name: str) -> Iterator[Raw]:
    return (raw for file in files for raw in file.rests if raw.name == name)


def _routes(raw: Raw, expansion: _Expansion) -> Iterator[RouteDef]:
    rest = expansion.parser.spec(RestSpec, raw.node, raw.at)
    if rest is None or rest.disabled:
        return
    expansion.rests.append(rest)
    for method in VERBS:
        for verb in getattr(rest, method):
            if verb.disabled:
                continue
            try:
                yield _route(method.upper(), rest, verb, expansion)
            except ConfigError as error:
                expansion.parser.note(error)
    if rest.open_api is not None and not rest.open_api.disabled:
        try:
            contract = read_contract(
                expansion.path(rest.open_api.specification.removeprefix("file:")), rest.open_api.at
            )
            yield from _contracted(contract, rest, rest.open_api, expansion)
        except ConfigError as error:
            expansion.parser.note(error)


def _route(method: str, rest: RestSpec, verb: VerbSpec, expansion: _Expansion) -> RouteDef:
    path = expansion.below(rest.path, verb.path)
    if verb.to is None:
        raise OptionError(
            f"{method} {path} needs 'to'", verb.at, "name the endpoint that answers, such as direct:get-customer"
        )
    target = verb.to.uri.partition("?")[0]
    if target.startswith("direct:"):
        if target in expansion.targets:
            raise OptionError(
                f"{target} already answers {expansion.targets[target]}",
                verb.at,
                "give each operation a direct endpoint of its own",
            )
        expansion.targets[target] = f"{method} {path}"
    site = _Site(verb.at, method, path, _options(verb, rest, expansion.configuration))
    for name in ("consumes", "produces"):
        if site.option(name):
            site.parameters[name] = site.option(name)
    site.params, site.taken, site.given = verb.param, verb.type, verb.out_type
    to = expansion.registry.lookup("step", "to")(verb.to.at, uri=verb.to.uri, parameters=verb.to.parameters)
    return site.route(_around((to,), site, expansion), verb.route_id or verb.id, verb.description)


@dataclass
class _Site:
    """Where an operation is served, and what is said about it."""

    at: Position
    method: str
    path: str
    option: Callable[[str], Any]
    params: tuple[ParamSpec, ...] = ()
    taken: str | None = None
    given: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    """Of the path's endpoint."""

    def route(self, steps: tuple[StepSpec, ...], route_id: str | None, description: str | None = None) -> RouteDef:
        """The route that does the steps for requests of that method and path."""
        parameters = {"httpMethodRestrict": self.method, **self.parameters}
        from_ = FromSpec(self.at, uri=f"platform-http:{self.path}", parameters=parameters, steps=steps)
        return RouteDef(RouteSpec(self.at, id=route_id, from_=from_, description=description))


def _options(*parts: Any) -> Callable[[str], Any]:
    """The first of some parts that says something about an option."""

    def option(name: str) -> Any:
        return next((value for part in parts if (value := getattr(part, name, None)) is not None), None)

    return option


def _around(inner: tuple[StepSpec, ...], site: _Site, expansion: _Expansion) -> tuple[StepSpec, ...]:
    """The steps of an operation with what stands before and behind them."""
    option, at = site.option, site.at
    binding, validate = option("binding_mode") or "off", bool(option("client_request_validation"))
    before: list[StepSpec] = []
    if option("enable_cors"):
        before.append(_cors(at, expansion.configuration))
        if site.path not in expansion.asked:
            expansion.asked.add(site.path)
            site.parameters["httpMethodRestrict"] = f"{site.method},OPTIONS"
    if site.params:
        before.append(RestParameters(at, site.params, validate=validate))
    if binding != "off" or site.taken or validate:
        mode = binding if binding != "off" else "json" if site.taken else "check"
        before.append(RestBindingIn(at, mode, site.taken, option("consumes") or ""))
    after = RestBindingOut(
        at,
        "json" if binding == "off" and site.given else binding,
        site.given,
        option("produces") or "",
        skip_errors=option("skip_binding_on_error_code") is not False,
        no_content=bool(option("enable_no_content_response")),
    )
    return (*before, *inner, after)


def _cors(at: Position, configuration: RestConfigurationSpec) -> RestCors:
    return RestCors(at, {one.key: one.value for one in configuration.cors_headers})


def _api_doc(expansion: _Expansion) -> RouteDef:
    """The route that serves the API document, at its path and below."""
    configuration = expansion.configuration
    site = _Site(configuration.at, "GET", expansion.below(configuration.api_context_path), _options(configuration))
    site.parameters["matchOnUriPrefix"] = "true"
    steps: tuple[StepSpec, ...] = (RestApiDoc(site.at, expansion.rests, configuration),)
    if configuration.enable_cors:
        steps = (_cors(site.at, configuration), *steps)
        site.parameters["httpMethodRestrict"] = "GET,OPTIONS"
    return site.route(steps, configuration.api_context_route_id or "rest-api-doc")


# -- contract first --------------------------------------------------------------------------------------------------------------


def _contracted(contract: Contract, rest: RestSpec, spec: OpenApiSpec, expansion: _Expansion) -> Iterator[RouteDef]:
    missing = [one.id for one in contract.operations if f"direct:{one.id}" not in expansion.served]
    if missing and spec.missing_operation == "fail":
        raise OptionError(
            f"{len(missing)} operations of the OpenAPI document have no route: "
            + ", ".join(f"direct:{name}" for name in missing[:20]),
            spec.at,
            "add routes that start with these endpoints, or set missingOperation to ignore or mock",
        )
    base = expansion.below() if expansion.configuration.context_path else contract.base_path
    prefix = spec.route_id or "rest-openapi"
    for one in contract.operations:
        told = _Told(one.consumes or None, one.produces or None)
        site = _Site(
            spec.at, one.method, _below(base, one.path), _options(told, rest, expansion.configuration), one.params
        )
        yield site.route(_operation(one, site, spec, expansion), f"{prefix}-{one.id}")
    if spec.api_context_path:
        site = _Site(spec.at, "GET", _below(base, spec.api_context_path), _options())
        yield site.route((RestContractPage(spec.at, contract.text, is_json=contract.is_json),), f"{prefix}-document")
    if base != "/":  # at the root other paths are the web server's to refuse
        site = _Site(spec.at, "", base, _options(), parameters={"matchOnUriPrefix": "true"})
        known = tuple((one.method, _below(base, one.path)) for one in contract.operations)
        yield site.route((RestNothing(spec.at, known),), f"{prefix}-other")


def _below(base: str, path: str) -> str:
    return f"/{base.strip('/')}/{path.strip('/')}".replace("//", "/").rstrip("/") or "/"


def _operation(one: Contracted, site: _Site, spec: OpenApiSpec, expansion: _Expansion) -> tuple[StepSpec, ...]:
    inner: tuple[StepSpec, ...]
    if f"direct:{one.id}" in expansion.served:
        inner = (expansion.registry.lookup("step", "to")(spec.at, uri=f"direct:{one.id}"),)
    elif spec.missing_operation == "mock":
        inner = (RestMock(spec.at, one),)
    else:
        inner = (RestEcho(spec.at),)
    steps = _around(inner, site, expansion)
    if site.option("client_request_validation"):
        # The contract's media types; within the route rather than at its door, so that refusals carry the request's own as Camel's do.
        steps = (RestMediaTypes(spec.at, one.consumes, one.produces), *steps)
    if not isinstance(steps[-1], RestBindingOut):
        steps = (*steps, RestBindingOut(spec.at, "off", None, one.produces))
    return (RestEcho(spec.at), *steps)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a contract says about an operation."""

    consumes: str | None
    produces: str | None
