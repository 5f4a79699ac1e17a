"""The linter: what is wrong or doubtful in route files beyond what loading refuses, each finding with a code, a level and its place.

:func:`lint_document` looks at one document; :func:`esb.dsl.lint.references.references` at what several documents say to each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esb.dsl.lint.expressions import expressions
from esb.dsl.lint.flow import flow
from esb.dsl.lint.notation import notation
from esb.dsl.lint.rules import Finding
from esb.dsl.lint.secrets import secrets
from esb.dsl.nodes import Node
from esb.dsl.walk import Part, walk
from esb.registry import Registry


def lint_document(root: Node | None, registry: Registry, parts: Sequence[Part] = ()) -> Iterator[Finding]:
    """The findings about one document by itself. ``parts`` are those of the document, where somebody has them already."""
    parts = parts or tuple(walk(root, registry))
    yield from notation(root, parts, registry)
    yield from flow(parts, registry)
    yield from secrets(parts, registry)
    yield from expressions(parts)
