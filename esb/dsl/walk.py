"""Goes through a document as it is written and tells what each value is read as: for findings and edits that need the text, not the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from esb.dsl.grammar import BEANS, DATA_FORMATS, ELEMENTS, alone, option
from esb.dsl.model import CLAUSES, BeanSpec
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.parse import camel_case
from esb.fields import Field, Kind, Spec
from esb.registry import Registry


@dataclass(frozen=True, slots=True)
class Part:
    """A value and what it is read as.

    Either the options of ``cls``, or (``cls`` None) the value of an option ``declared`` that holds an expression, a list of steps or a text.
    ``key`` is what stands before it; None for an item of a list. ``owner`` is the map that holds the key.
    """

    node: Node
    key: ScalarNode | None
    cls: type[Spec] | None = None
    declared: Field | None = None
    owner: MapNode | None = None
    of: type[Spec] | None = None
    """Whose option ``declared`` is."""


def walk(root: Node | None, registry: Registry) -> Iterator[Part]:
    """All parts of a document, outer before inner, each once: what an alias repeats is told where its anchor stands.

    What is no part of the language is passed over: the parser tells it. Raises nothing.
    """
    return _Walk(registry).document(root)


class _Walk:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._seen: dict[int, Node] = {}  # holds the nodes, so that no id is used again

    def document(self, root: Node | None) -> Iterator[Part]:
        if isinstance(root, MapNode):
            yield from self._kamelet(root)
        for item in root if isinstance(root, ListNode) else ():
            if isinstance(item, MapNode):
                for key, value in item:
                    yield from self._element(key, value, item)

    def _kamelet(self, root: MapNode) -> Iterator[Part]:
        spec = root.get("spec")
        template = spec.get("template") if isinstance(spec, MapNode) else None
        if not isinstance(template, MapNode):
            return
        for key, value in template:
            if key.text in {"route", "from", BEANS}:
                yield from self._element(key, value, template)

    def _element(self, key: ScalarNode, value: Node, owner: MapNode | None) -> Iterator[Part]:
        name = key.text  # options may be written in kebab case, names of elements and steps may not
        if name in ELEMENTS:
            yield from self._spec(ELEMENTS[name], value, key, owner)
        elif name == "steps" and owner is not None and "from" in owner:
            yield from self._steps(value, key, ELEMENTS["from"].fields["steps"], owner)
        elif name == BEANS:
            for item in value if isinstance(value, ListNode) else ():
                yield from self._spec(BeanSpec, item, None, None)
        elif name == DATA_FORMATS:
            for item in value if isinstance(value, ListNode) else (value,):
                yield from self._keyed("dataformat", item)

    def _spec(self, cls: type[Spec], node: Node, key: ScalarNode | None, owner: MapNode | None) -> Iterator[Part]:
        if id(node) in self._seen:
            return
        self._seen[id(node)] = node
        yield Part(node, key, cls, None, owner)
        if isinstance(node, ScalarNode) and not node.is_null:
            declared = alone(cls)
            if declared is not None:
                yield Part(node, None, None, declared, None, cls)
        if not isinstance(node, MapNode):
            return
        for name, value in node:
            declared = option(cls, name.text)
            if declared is not None:
                yield from self._value(declared, value, name, node, cls)
            else:
                yield from self._inline(cls, value, name, node)

    def _inline(self, cls: type[Spec], value: Node, key: ScalarNode, owner: MapNode) -> Iterator[Part]:
        found = inline(cls, key.text, self._registry)
        if found is not None:
            yield from self._spec(found[1], value, key, owner)

    def _value(self, declared: Field, node: Node, key: ScalarNode, owner: MapNode, cls: type[Spec]) -> Iterator[Part]:
        match declared.kind:
            case Kind.EXPRESSION:
                yield Part(node, key, None, declared, owner, cls)
                yield from self._expression(node)
            case Kind.FORMAT:
                yield from self._keyed("dataformat", node)
            case Kind.STEPS:
                yield from self._steps(node, key, declared, owner)
            case Kind.SPEC if declared.spec is not None:
                yield from self._spec(declared.spec, node, key, owner)
            case Kind.SPECS if declared.spec is not None:
                for item in node if isinstance(node, ListNode) else (node,):
                    if isinstance(item, MapNode) and item.keys() == [declared.spec.name]:
                        yield from self._spec(declared.spec, item.entries[0][1], item.entries[0][0], item)
                    else:
                        yield from self._spec(declared.spec, item, None, None)
            case _:
                yield Part(node, key, None, declared, owner, cls)

    def _expression(self, node: Node) -> Iterator[Part]:
        if isinstance(node, MapNode) and node.keys() == ["expression"]:
            yield from self._expression(node.entries[0][1])
        else:
            yield from self._keyed("language", node)

    def _keyed(self, kind: str, node: Node) -> Iterator[Part]:
        if isinstance(node, MapNode) and len(node) == 1:
            key, value = node.entries[0]
            found = find(self._registry, kind, key.text)
            if found is not None:
                yield from self._spec(found, value, key, node)

    def _steps(self, node: Node, key: ScalarNode, declared: Field, owner: MapNode | None) -> Iterator[Part]:
        yield Part(node, key, None, declared, owner)
        for item in node if isinstance(node, ListNode) else ():
            if not isinstance(item, MapNode) or len(item) != 1:
                continue
            name, value = item.entries[0]
            found = CLAUSES.get(name.text) or step_class(name.text, self._registry)
            if found is not None:
                yield from self._spec(found, value, name, item)


def find(registry: Registry, kind: str, name: str) -> Any | None:
    """The class of a step, language or data format; None also for one whose module does not import."""
    try:
        return registry.find(kind, camel_case(name))
    except Exception:
        return None


def step_class(name: str, registry: Registry) -> Any | None:
    """The class of a step by its exact name."""
    return find(registry, "step", name) if camel_case(name) == name else None


def inline(cls: type[Spec], key: str, registry: Registry) -> tuple[Field, type[Spec]] | None:
    """The language or data format that may stand beside the options of a class under its own name, with the option that it is."""
    for declared in cls.fields.values():
        if declared.inline:
            found = find(registry, "language" if declared.kind is Kind.EXPRESSION else "dataformat", key)
            if found is not None:
                return declared, found
    return None
