"""A compiled JSON path: what the language, simple's ``${jsonpath(...)}`` and mappings use."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from esb.languages._jsonpath.errors import InvalidPathException, JsonPathException, PathNotFoundException
from esb.languages._jsonpath.evaluate import Run, compile_tokens
from esb.languages._jsonpath.parser import parse
from esb.languages._jsonpath.tokens import Function, Index, Property, Scan, Subpath, Token, definite, text_of

DEFAULT_PATH_LEAF_TO_NULL: Final = "DEFAULT_PATH_LEAF_TO_NULL"
ALWAYS_RETURN_LIST: Final = "ALWAYS_RETURN_LIST"
AS_PATH_LIST: Final = "AS_PATH_LIST"
SUPPRESS_EXCEPTIONS: Final = "SUPPRESS_EXCEPTIONS"
REQUIRE_PROPERTIES: Final = "REQUIRE_PROPERTIES"
OPTIONS: Final = (
    DEFAULT_PATH_LEAF_TO_NULL,
    ALWAYS_RETURN_LIST,
    AS_PATH_LIST,
    SUPPRESS_EXCEPTIONS,
    REQUIRE_PROPERTIES,
)
"""Jayway's options by name."""


class Path:
    """A path ready to read documents with. Immutable and thread-safe.

    ``definite``: it can have one result only. Then reading gives that value, and a missing one is PathNotFoundException; otherwise reading gives
    a list, which may be empty.
    """

    __slots__ = ("_function", "_keys", "_step", "definite", "text", "tokens")

    def __init__(self, text: str, tokens: tuple[Token, ...]) -> None:
        tokens = _inverted(tokens)
        self.text = text
        self.tokens = tokens
        self.definite = definite(tokens)
        self._function = bool(tokens) and isinstance(tokens[-1], Function)
        self._step = compile_tokens(tokens)
        self._keys = _plain_keys(tokens)

    def read(self, document: Any, options: Collection[str] = ()) -> Any:
        """What the path leads to in maps and lists (parsed JSON). Results are parts of the document itself, not copies.

        ``options`` are of :data:`OPTIONS`. Raises PathNotFoundException, or JsonPathException for functions that do not fit and evaluations
        beyond the bound.
        """
        if self._keys is not None and not options:
            value: Any = document
            try:
                for key in self._keys:
                    kind = type(value)
                    if kind is not dict and kind is not list:
                        break  # a text has items too, for Python
                    value = value[key]
                else:
                    return value
            except (KeyError, IndexError, TypeError):
                pass  # told exactly by the evaluation below
        return self._evaluate(document, options)

    def _evaluate(self, document: Any, options: Collection[str]) -> Any:
        suppress = SUPPRESS_EXCEPTIONS in options
        as_paths = AS_PATH_LIST in options
        as_list = ALWAYS_RETURN_LIST in options
        if self._function and (as_paths or as_list):
            if suppress:
                return None if self.definite else []
            raise JsonPathException(f"{AS_PATH_LIST} and {ALWAYS_RETURN_LIST} do not go with functions")
        run = Run(
            document,
            suppress=suppress,
            require=REQUIRE_PROPERTIES in options,
            leaf_to_null=DEFAULT_PATH_LEAF_TO_NULL in options,
        )
        try:
            self._step(document, "$" if as_paths else None, run)
        except PathNotFoundException:
            if not suppress:
                raise
        if as_paths:
            if not run.paths and not suppress:
                raise self._nothing()
            return run.paths
        if not self.definite:
            return run.results
        if not run.results:
            if suppress:
                return [] if as_list else None
            raise self._nothing()
        return [run.results[-1]] if as_list else run.results[-1]

    def _nothing(self) -> PathNotFoundException:
        return PathNotFoundException(f"no results for path: {text_of(self.tokens)}")

    def __repr__(self) -> str:
        return f"<Path {self.text}>"


def compile_path(text: str) -> Path:
    """Compile a path. Raises InvalidPathException with the position."""
    return Path(text, parse(text).tokens)


def _plain_keys(tokens: tuple[Token, ...]) -> tuple[str | int, ...] | None:
    """The keys of a path that is names and indexes only, which needs no evaluation; else None."""
    keys: list[str | int] = []
    for token in tokens:
        match token:
            case Property((name,)):
                keys.append(name)
            case Index((number,)):
                keys.append(number)
            case _:
                return None
    return tuple(keys)


def _inverted(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """``$..price.sum()`` is ``$.sum($..price)``: a function after a scan gets all that is found, not each by itself."""
    if len(tokens) < 2 or not isinstance(tokens[0], Scan) or not isinstance(tokens[-1], Function):
        return tokens
    place = next(number for number, token in enumerate(tokens) if isinstance(token, Function))
    function = tokens[place]
    assert isinstance(function, Function)
    return (Function(function.name, (Subpath(tokens[:place], root=True),)), *tokens[place + 1 :])


__all__ = [
    "OPTIONS",
    "InvalidPathException",
    "JsonPathException",
    "Path",
    "PathNotFoundException",
    "compile_path",
]
