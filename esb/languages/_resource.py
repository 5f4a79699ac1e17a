"""Expressions kept in files: ``resource:file:PATH``, ``resource:classpath:PATH``."""

from __future__ import annotations

from typing import Any

from esb.errors import Position, RouteSyntaxError
from esb.expression import Scope

_PREFIX = "resource:"


def resource_text(text: str, scope: Scope, at: Position) -> str:
    """The text itself, or that of the file it names, read once at load. Relative paths are below the project's folder.

    Raises RouteSyntaxError if the file cannot be read.
    """
    if not text.startswith(_PREFIX):
        return text
    kind, _, name = text.removeprefix(_PREFIX).strip().partition(":")
    find: Any = getattr(scope, "path", None)
    if kind not in {"file", "classpath"} or find is None:
        raise RouteSyntaxError(f"{text!r} is no resource", at, "write resource:file:PATH")
    try:
        content: str = find(name).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise RouteSyntaxError(f"{text!r} cannot be read: {error}", at) from error
    return content
