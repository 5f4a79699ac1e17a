"""Who sends to which endpoint and who consumes from it, read from documents as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from esb.dsl.expanded import expression_of, literal
from esb.dsl.model import BeanSpec, FromSpec, InterceptSendToEndpointSpec, RouteSpec
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.placeholders import Properties
from esb.dsl.rest import VerbSpec
from esb.dsl.templates import TemplatedRouteSpec
from esb.dsl.walk import Part
from esb.errors import ConfigError, Position
from esb.fields import Kind
from esb.registry import Registry

_UNKNOWN: Final = re.compile(r"\{\{.*?\}\}|\$\{.*?\}")
_DYNAMIC: Final = frozenset({"recipientList", "routingSlip", "dynamicRouter", "enrich", "pollEnrich"})
_ROUTES: Final = frozenset({RouteSpec, TemplatedRouteSpec, VerbSpec})
_IN_BEANS: Final = re.compile(r"(?:direct|seda|bus):\S+")


@dataclass(frozen=True, slots=True)
class Use:
    """One mention of an endpoint. In ``name`` a star stands for what is known per message only, or by a placeholder of a template."""

    scheme: str
    name: str
    at: Position
    options: Mapping[str, str] = field(default_factory=dict)
    dead_letters: bool = False
    """Of a sender: what comes here waits for an operator."""

    def meets(self, other: Use) -> bool:
        """Whether both can be the same endpoint."""
        if self.scheme != other.scheme:
            return False
        if "*" not in self.name and "*" not in other.name:
            return self.name == other.name
        if "*" in self.name and "*" in other.name:
            mine, theirs = self.name.partition("*")[0], other.name.partition("*")[0]
            return mine.startswith(theirs) or theirs.startswith(mine)
        pattern, name = (self.name, other.name) if "*" in self.name else (other.name, self.name)
        return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None


@dataclass(slots=True)
class Uses:
    """All mentions in some documents."""

    sends: list[Use] = field(default_factory=list)
    consumes: list[Use] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    """Ids of routes that are written, of template instances too."""
    named_routes: list[tuple[str, Position]] = field(default_factory=list)
    """Ids that controlbus: endpoints name."""
    configurations: list[str] = field(default_factory=list)
    wanted_configurations: list[tuple[str, Position]] = field(default_factory=list)
    anywhere: bool = False
    """Whether some step takes whole URIs from messages: then nobody knows all senders."""

    def take(self, other: Uses) -> None:
        """Add another's."""
        for name in ("sends", "consumes", "routes", "named_routes", "configurations", "wanted_configurations"):
            getattr(self, name).extend(getattr(other, name))
        self.anywhere |= other.anywhere


def uses(parts: Iterable[Part], registry: Registry, properties: Properties) -> Uses:
    """The mentions in one document, given as its parts."""
    return _Reading(registry, properties).document(parts)


class _Reading:
    def __init__(self, registry: Registry, properties: Properties) -> None:
        self._registry = registry
        self._properties = properties
        self._uses = Uses()

    def document(self, parts: Iterable[Part]) -> Uses:
        for part in parts:
            node = part.node
            if part.cls is not None and isinstance(node, MapNode):
                self._of_spec(part, node)
            elif part.declared is not None and isinstance(node, ScalarNode):
                self._of_option(part, node)
        return self._uses

    def _of_spec(self, part: Part, node: MapNode) -> None:
        cls, found = part.cls, self._uses
        assert cls is not None
        if cls in _ROUTES:
            found.routes += [self._text(node.get(key)) for key in ("id", "routeId") if key in node]
            wanted = node.get("routeConfigurationId")
            if isinstance(wanted, ScalarNode):
                found.wanted_configurations.append((self._text(wanted), wanted.at))
        elif cls.name == "routeConfiguration":
            found.configurations.append(self._text(node.get("id")))
        elif cls is BeanSpec:
            found.sends += [
                Use(*_identity(text), at) for text, at in _texts(node) if _IN_BEANS.fullmatch(text.partition("?")[0])
            ]
        elif cls.name in _DYNAMIC:
            self._dynamic(part, node)
        if cls is InterceptSendToEndpointSpec and self._text(node.get("skipSendToOriginalEndpoint")) == "true":
            uri = node.get("uri")
            if isinstance(uri, ScalarNode):
                found.consumes.append(Use(*_identity(self._text(uri)), uri.at))

    def _dynamic(self, part: Part, node: MapNode) -> None:
        assert part.cls is not None
        language, text = literal(expression_of(node, part.cls, self._registry))
        if language not in {"constant", "simple"}:
            self._uses.anywhere = self._uses.anywhere or part.cls.name != "pollEnrich"
            return
        for piece in text.split(",") if part.cls.name not in {"enrich", "pollEnrich"} else [text]:
            self._add(piece.strip(), part.key.at if part.key else node.at, {}, consumed=part.cls.name == "pollEnrich")

    def _of_option(self, part: Part, node: ScalarNode) -> None:
        declared, owner = part.declared, part.owner
        assert declared is not None
        if declared.kind is not Kind.URI or (owner is not None and self._text(owner.get("disabled")) == "true"):
            return
        parameters = owner.get("parameters") if owner is not None else None
        options = {key.text: self._text(value) for key, value in parameters} if isinstance(parameters, MapNode) else {}
        consumed = part.of is FromSpec or (part.of is not None and part.of.name == "poll")
        dead = declared.name == "deadLetterUri"
        self._add(self._text(node), node.at, options, consumed=consumed, dead_letters=dead)

    def _add(
        self,
        uri: str,
        at: Position,
        options: dict[str, str],
        *,
        consumed: bool,
        dead_letters: bool = False,
    ) -> None:
        scheme, name = _identity(uri)
        name = name or _UNKNOWN.sub("*", options.get("name", "")).strip()  # as Camel's editors write it
        if "*" in scheme or not scheme:
            self._uses.anywhere = self._uses.anywhere or not consumed
            return
        for pair in uri.partition("?")[2].split("&"):
            key, _, value = pair.partition("=")
            options.setdefault(key, value)
        if scheme == "controlbus" and options.get("routeId", "current") != "current":
            self._uses.named_routes.append((options["routeId"], at))
        use = Use(scheme, name, at, options, dead_letters)
        (self._uses.consumes if consumed else self._uses.sends).append(use)

    def _text(self, node: Node | None) -> str:
        return known_text(node, self._properties)


def known_text(node: Node | None, properties: Properties) -> str:
    """A text with its placeholders replaced where their values are known."""
    if not isinstance(node, ScalarNode):
        return ""
    try:
        return str(properties.resolve_uri(node.text)).strip()
    except ConfigError:
        return node.text.strip()


def _identity(uri: str) -> tuple[str, str]:
    """Scheme and path of a URI, with stars for what is not known yet."""
    scheme, _, path = _UNKNOWN.sub("*", uri.partition("?")[0]).partition(":")
    return scheme, path.removeprefix("//").strip()


def _texts(node: Node) -> Iterator[tuple[str, Any]]:
    match node:
        case ScalarNode():
            yield node.text, node.at
        case ListNode():
            for item in node:
                yield from _texts(item)
        case MapNode():
            for _, value in node:
                yield from _texts(value)
