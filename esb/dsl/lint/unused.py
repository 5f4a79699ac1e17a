"""Declarations that no file of a project names again: beans, route templates, data types."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from esb.dsl.grammar import RouteTemplateSpec
from esb.dsl.lint.rules import UNUSED, Finding
from esb.dsl.model import BeanSpec
from esb.dsl.nodes import MapNode, Node, ScalarNode
from esb.dsl.walk import Part

_WORD: Final = re.compile(r"[A-Za-z0-9_](?:[\w-]*\w)?")


class Words:
    """How often each word stands in the texts of a project. A name with other signs than a word's is searched for as it is."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = list(texts)
        self._counts = Counter(word for text in self._texts for word in _WORD.findall(text))

    def count(self, name: str) -> int:
        """How often a name stands there, also within ``${...}``, a URI or a dotted name."""
        if _WORD.fullmatch(name):
            return self._counts[name]
        whole = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        return sum(len(whole.findall(text)) for text in self._texts)


def unused_declarations(parts: Iterable[Part], words: Words) -> Iterator[Finding]:
    """The findings about the route files of a project. A bean with an interface of Camel's is found by that, not by its name."""
    for part in parts:
        if part.cls is BeanSpec and isinstance(part.node, MapNode):
            yield from _named_once(part.node.get("name"), "bean", words)
        elif part.cls is RouteTemplateSpec and isinstance(part.node, MapNode):
            yield from _named_once(part.node.get("id"), "route template", words)


def unused_types(root: Node | None, module: str, words: Words) -> Iterator[Finding]:
    """The findings about the data types that a file ``schemas/MODULE.yaml`` declares."""
    types = root.get("types") if isinstance(root, MapNode) else None
    for key, _ in types if isinstance(types, MapNode) else ():
        name = f"{module}.{key.text}"
        if words.count(name) == 0 and words.count(key.text) < 2:
            yield Finding(UNUSED, f"no file of the project names the data type {name!r}", key.at, "remove it")


def _named_once(node: Node | None, what: str, words: Words) -> Iterator[Finding]:
    if isinstance(node, ScalarNode) and node.text and "{{" not in node.text and words.count(node.text) < 2:
        yield Finding(UNUSED, f"no file of the project names the {what} {node.text!r} again", node.at, "remove it")
