"""Expressions that load and then fail every message, or give another text than the one written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from esb.dsl.lint.rules import BAD_JSONPATH, BLANKS_CUT, Finding
from esb.dsl.nodes import MapNode, Node, ScalarNode
from esb.dsl.walk import Part

_TEXTS = {"simple", "constant"}


def expressions(parts: Iterable[Part]) -> Iterator[Finding]:
    """The findings of a document. A path with ``${...}`` or a placeholder in it is known per message, or not here."""
    for part in parts:
        name = part.cls.name if part.cls is not None else ""
        if name not in {"jsonpath", *_TEXTS}:
            continue
        node = part.node.get("expression") if isinstance(part.node, MapNode) else part.node
        if not isinstance(node, ScalarNode):
            continue
        if name in _TEXTS:
            if node.style in {'"', "'"} and node.text != node.text.strip() and not _untrimmed(part.node):
                message = "the blanks or line breaks at the ends of this text are cut, as in Camel"
                yield Finding(BLANKS_CUT, message, node.at, f"write {name}: {{expression: ..., trim: false}}")
        elif "${" not in node.text and "{{" not in node.text:
            reason = _unreadable(node.text.strip())
            if reason:
                message = f"this jsonpath cannot be read, every message fails here: {reason}"
                yield Finding(BAD_JSONPATH, message, node.at)


def _untrimmed(node: Node) -> bool:
    trim = node.get("trim") if isinstance(node, MapNode) else None
    return isinstance(trim, ScalarNode) and trim.text.lower() != "true"


def _unreadable(path: str) -> str:
    from esb.languages._jsonpath.path import InvalidPathException, compile_path
    from esb.languages.jsonpath import easy

    try:
        compile_path(easy(path))
    except InvalidPathException as error:
        return str(error)
    return ""
