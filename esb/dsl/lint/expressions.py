"""Expressions that load and then fail every message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from esb.dsl.lint.rules import BAD_JSONPATH, Finding
from esb.dsl.nodes import MapNode, ScalarNode
from esb.dsl.walk import Part


def expressions(parts: Iterable[Part]) -> Iterator[Finding]:
    """The findings of a document. A path with ``${...}`` or a placeholder in it is known per message, or not here."""
    for part in parts:
        if part.cls is None or part.cls.name != "jsonpath":
            continue
        node = part.node.get("expression") if isinstance(part.node, MapNode) else part.node
        if isinstance(node, ScalarNode) and "${" not in node.text and "{{" not in node.text:
            reason = _unreadable(node.text.strip())
            if reason:
                message = f"this jsonpath cannot be read, every message fails here: {reason}"
                yield Finding(BAD_JSONPATH, message, node.at)


def _unreadable(path: str) -> str:
    from esb.languages._jsonpath.path import InvalidPathException, compile_path
    from esb.languages.jsonpath import easy

    try:
        compile_path(easy(path))
    except InvalidPathException as error:
        return str(error)
    return ""
