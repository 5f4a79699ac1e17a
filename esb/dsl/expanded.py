"""What a document says, whatever notation it is in: plain data with every step, language and endpoint as a map of named options.

Two documents are the same program if this is equal: the formatter holds its result against it, and the linter compares conditions by it.
"""

from __future__ import annotations

from typing import Any

from esb.dsl.grammar import BEANS, DATA_FORMATS, ELEMENTS, alone, option, wrapped
from esb.dsl.model import CLAUSES, BeanSpec, RouteSpec
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode, to_python
from esb.dsl.parse import TAKES_REST, camel_case
from esb.dsl.walk import find, inline, step_class
from esb.expression import LanguageSpec
from esb.fields import Field, Kind, Spec
from esb.registry import Registry


def expanded(root: Node | None, registry: Registry) -> Any:
    """The canonical data of a whole document. Scalars keep whether they are quoted, since ``"1"`` and ``1`` differ in a body."""
    if isinstance(root, MapNode):
        return _kamelet(root, registry)
    return [_element(item, registry) for item in root] if isinstance(root, ListNode) else _plain(root)


def expanded_language(node: Node, registry: Registry) -> Any:
    """The canonical data of an expression: what stands below ``expression:`` or as the value of an option that holds one."""
    if isinstance(node, ScalarNode):
        return {"simple": {"expression": _plain(node)}}
    if isinstance(node, MapNode) and node.keys() == ["expression"]:
        return expanded_language(node.entries[0][1], registry)
    return _keyed("language", node, registry)


def expression_of(node: MapNode, cls: type[Spec], registry: Registry) -> Any:
    """The canonical data of the expression that a step or clause holds, in either notation; None if there is none that is understood."""
    given = node.get("expression")
    if given is not None:
        return expanded_language(given, registry)
    for key, value in node:
        if key.text not in cls.fields and inline(cls, key.text, registry) is not None:
            return _keyed("language", MapNode(((key, value),), key.at), registry)
    return None


def literal(expression: Any) -> tuple[str, str]:
    """Language and text of an expression's canonical data; empty where it is none, or its text is no text."""
    if not isinstance(expression, dict) or len(expression) != 1:
        return "", ""
    (language, options), *_ = expression.items()
    given = options.get("expression") if isinstance(options, dict) else None
    return str(language), str(given[0]) if isinstance(given, tuple) else ""


def _kamelet(root: MapNode, registry: Registry) -> Any:
    """A Kamelet resource is plain data but for the template's route and beans."""
    told = _plain(root)
    spec = root.get("spec")
    template = spec.get("template") if isinstance(spec, MapNode) else None
    for key, value in template if isinstance(template, MapNode) else ():
        if key.text in {"route", "from", BEANS}:
            told["spec"]["template"][key.text] = _top(key.text, value, registry)
    return told


def _element(item: Node, registry: Registry) -> Any:
    if not isinstance(item, MapNode):
        return _plain(item)
    if "from" in item and set(item.keys()) <= {"from", "steps"}:
        return {"route": _spec(RouteSpec, item, registry)}
    return {key.text: _top(key.text, value, registry) for key, value in item}


def _top(name: str, value: Node, registry: Registry) -> Any:
    if name in ELEMENTS:
        return _spec(ELEMENTS[name], value, registry)
    items = value.items if isinstance(value, ListNode) else (value,)
    if name == BEANS:
        return [_spec(BeanSpec, one, registry) for one in items]
    if name == DATA_FORMATS:
        return [_keyed("dataformat", one, registry) for one in items]
    return _plain(value)


def _spec(cls: type[Spec], node: Node, registry: Registry) -> Any:
    if isinstance(node, ScalarNode):
        return _from_text(cls, node)
    if not isinstance(node, MapNode):
        return _plain(node)
    told: dict[str, Any] = {}
    for key, value in node:
        declared = option(cls, key.text)
        found = None if declared is not None else inline(cls, key.text, registry)
        if declared is not None:
            told[declared.name] = _value(declared, value, registry)
        elif found is not None:
            inner = {camel_case(key.text): _spec(found[1], value, registry)}
            told |= {found[0].name: inner} if found[0].kind is Kind.EXPRESSION else inner
        else:
            told[key.text] = _plain(value)
    if cls is RouteSpec and "steps" in told and isinstance(told.get("from"), dict):
        told["from"].setdefault("steps", told.pop("steps"))
    return told


def _from_text(cls: type[Spec], node: ScalarNode) -> Any:
    if node.is_null and not (node.text and issubclass(cls, LanguageSpec)):
        return {}
    declared = alone(cls)
    if declared is not None:
        return {declared.name: _plain(node)}
    if any(known.kind is Kind.FORMAT and known.inline for known in cls.fields.values()):
        return {camel_case(node.text): {}}
    return _plain(node)


def _value(declared: Field, node: Node, registry: Registry) -> Any:
    match declared.kind:
        case Kind.EXPRESSION:
            told = expanded_language(node, registry)
            return {"expression": told} if wrapped(declared) and not declared.inline else told
        case Kind.FORMAT:
            return _keyed("dataformat", node, registry)
        case Kind.STEPS:
            return _steps(node.items, registry) if isinstance(node, ListNode) else _plain(node)
        case Kind.SPEC if declared.spec is not None:
            return _spec(declared.spec, node, registry)
        case Kind.SPECS if declared.spec is not None:
            items = node.items if isinstance(node, ListNode) else (node,)
            return [_item(declared.spec, one, registry) for one in items]
    return _plain(node)


def _item(cls: type[Spec], node: Node, registry: Registry) -> Any:
    if isinstance(node, MapNode) and node.keys() == [cls.name]:
        node = node.entries[0][1]
    return _spec(cls, node, registry)


def _keyed(kind: str, node: Node, registry: Registry) -> Any:
    if not isinstance(node, MapNode) or len(node) != 1:
        return _plain(node)
    key, value = node.entries[0]
    found = find(registry, kind, key.text)
    return {camel_case(key.text): _spec(found, value, registry) if found is not None else _plain(value)}


def _steps(items: tuple[Node, ...], registry: Registry) -> list[Any]:
    told: list[Any] = []
    for index, item in enumerate(items):
        if not isinstance(item, MapNode) or len(item) != 1:
            told.append(_plain(item))
            continue
        name = item.entries[0][0].text
        cls = CLAUSES.get(name) or step_class(name, registry)
        value = item.entries[0][1]
        step = _spec(cls, value, registry) if cls is not None else _plain(value)
        rest = items[index + 1 :]
        textual = isinstance(value, ScalarNode) and not value.is_null and (cls is None or alone(cls) is None)
        if name in TAKES_REST and rest and isinstance(step, dict) and not textual and not step.get("steps"):
            step["steps"] = _steps(rest, registry)
            return [*told, {name: step}]
        told.append({name: step})
    return told


def _plain(node: Node | None) -> Any:
    match node:
        case ScalarNode():
            return (node.text, to_python(node) == node.text)
        case ListNode():
            return [_plain(item) for item in node.items]
        case MapNode():
            return {key.text: _plain(value) for key, value in node.entries}
        case None:
            return None
