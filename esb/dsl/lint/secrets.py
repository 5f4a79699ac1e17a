"""Secrets that stand in a file for all to read: passwords in URIs and options, tokens in headers, credentials of beans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from esb.dsl.lint.rules import CLEAR_SECRET, Finding
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.uri import parse_uri, sensitive
from esb.dsl.walk import Part, find
from esb.errors import ConfigError, Position
from esb.fields import Kind
from esb.registry import Registry

_USERINFO: Final = re.compile(r"//?[^/?@:\s]+:([^/?@\s]+)@|:[^/?@:\s]+:([^/?@\s]+)@")
_HINT: Final = "write {{credential:NAME}} and keep it in the folder of credentials, or {{env:NAME}}"
_NAMED: Final = frozenset({"setHeader", "setProperty", "setVariable"})


def secrets(parts: Iterable[Part], registry: Registry) -> Iterator[Finding]:
    """The findings of a route file. The secret itself is in none of them."""
    for part in parts:
        declared = part.declared
        if declared is not None and isinstance(part.node, ScalarNode):
            if declared.secret and _literal(part.node.text):
                yield _finding(f"the value of {declared.name!r}", part.node.at)
            elif declared.kind is Kind.URI or declared.name in {"uri", "broker"}:
                yield from _in_uri(part.node, registry)
        elif declared is not None and declared.kind is Kind.MAP and isinstance(part.node, MapNode):
            yield from _in_map(part.node, _secret_options(part, registry))
        elif part.cls is not None and part.cls.name in _NAMED and isinstance(part.node, MapNode):
            yield from _in_setter(part.node)


def configuration_secrets(root: Node | None) -> Iterator[Finding]:
    """The findings of an ``esb.yaml``: its properties, and the broker's URL, of the project and of each instance."""
    if not isinstance(root, MapNode):
        return
    properties, broker, instances = root.get("properties"), root.get("broker"), root.get("instances")
    if isinstance(properties, MapNode):
        yield from _in_map(properties, frozenset())
    if isinstance(broker, ScalarNode) and _userinfo(broker.text):
        yield _finding("a password in the broker's URL", broker.at)
    for _, instance in instances if isinstance(instances, MapNode) else ():
        yield from configuration_secrets(instance)


def _finding(what: str, at: Position) -> Finding:
    return Finding(CLEAR_SECRET, f"{what} stands in clear", at, _HINT)


def _literal(text: str) -> bool:
    """Whether a text is a value itself, and not one that a placeholder, a bean or the message brings."""
    return bool(text.strip()) and "{{" not in text and "${" not in text and not text.startswith("#")


def _userinfo(uri: str) -> bool:
    found = _USERINFO.search(uri.partition("?")[0])
    return found is not None and _literal(found[1] or found[2])


def _in_uri(node: ScalarNode, registry: Registry) -> Iterator[Finding]:
    if _userinfo(node.text):
        yield _finding("a password in this URI", node.at)
    query = node.text.partition("?")[2]
    secret = _secrets_of(node.text.partition(":")[0], registry)
    # Cut by hand: a URI with placeholders in it is not one yet.
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if (sensitive(name) or name in secret) and _literal(value):
            yield _finding(f"the value of {name!r} in this URI", node.at)


def _secret_options(part: Part, registry: Registry) -> frozenset[str]:
    """The secret options of the endpoint that a map of parameters is for."""
    uri = part.owner.get("uri") if part.owner is not None else None
    if not isinstance(uri, ScalarNode):
        return frozenset()
    try:
        return _secrets_of(parse_uri(uri.text).scheme, registry)
    except ConfigError:
        return frozenset()


def _secrets_of(scheme: str, registry: Registry) -> frozenset[str]:
    component: Any = find(registry, "component", scheme) if re.fullmatch(r"[a-z][a-z0-9+-]*", scheme) else None
    endpoint = getattr(component, "endpoint_class", None)
    fields = endpoint.fields.items() if endpoint is not None else ()
    return frozenset(name for name, declared in fields if declared.secret)


def _in_map(node: MapNode, secret: frozenset[str]) -> Iterator[Finding]:
    for key, value in node:
        last = key.text.rpartition(".")[2]
        if isinstance(value, MapNode):
            yield from _in_map(value, secret)
        elif isinstance(value, ListNode):
            continue
        elif (key.text in secret or sensitive(last)) and _literal(value.text):
            yield _finding(f"the value of {key.text!r}", value.at)
        elif _userinfo(value.text) and "://" in value.text:
            yield _finding(f"a password in the URL of {key.text!r}", value.at)


def _in_setter(node: MapNode) -> Iterator[Finding]:
    """``setHeader: {name: Authorization, constant: ...}``."""
    name = node.get("name")
    if not isinstance(name, ScalarNode) or not sensitive(name.text):
        return
    inner = node.get("expression")
    constant = (inner if isinstance(inner, MapNode) else node).get("constant")
    text = constant.get("expression") if isinstance(constant, MapNode) else constant
    if isinstance(text, ScalarNode) and _literal(text.text):
        yield _finding(f"the value of {name.text!r}", text.at)
