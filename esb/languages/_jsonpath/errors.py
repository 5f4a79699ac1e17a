"""What a JSON path can fail with. The names are Jayway's, since routes catch them by these."""

from __future__ import annotations

from esb.errors import ExpressionFailed


class JsonPathException(ExpressionFailed):
    """A function or operator that cannot be applied, or an evaluation that grew beyond its bounds."""


class InvalidPathException(JsonPathException):
    """A path that cannot be read."""


class PathNotFoundException(JsonPathException):
    """A definite path (one that can have a single result only) that leads nowhere in this document."""
