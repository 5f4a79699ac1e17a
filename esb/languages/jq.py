"""The language ``jq``: programs of jq on JSON text and maps.

Options, functions and results are those of Camel 4.17 (its page "JQ", and the oracle's cases under ``languages/jq``), the engine is libjq. Programs
are compiled when the route is loaded, and once more in each thread that runs them. They see neither the environment nor any file.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from esb.coerce import Textual, result_converter, text, type_names
from esb.errors import ConversionFailed, ExpressionFailed, RouteSyntaxError, UnknownName
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Predicate, Scope
from esb.fields import Kind, field
from esb.javanames import RuntimeCamelException
from esb.languages import _json
from esb.languages._source import reader
from esb.variables import variable

MAX_RESULTS: Final = 1_000_000
_LONGEST: Final = 400
"""Digits of a Decimal that is made an integer."""
_EXACT: Final = 1 << 53
"""Beyond it libjq's numbers, which are doubles, do not hold every integer."""
_LONG_NUMBER: Final = re.compile(rb"\d{16}")
_CAMEL: Final = re.compile(r"\b(?:header|property|variable|body)\b")

# Everything that reaches out of the program is taken away: the environment, input of others, messages to the terminal.
_FENCE: Final = """{} as $ENV
| def env: {}; def input: error("there is one input only"); def inputs: empty; def debug: .; def debug(f): .; def stderr: .;
def leaf_paths: paths(scalars);
def ltrimstr($x): if type == "string" and ($x | type) == "string" and startswith($x) then .[($x | length):] else . end;
def rtrimstr($x): if type == "string" and ($x | type) == "string" and $x != "" and endswith($x) then .[:-($x | length)] else . end;
def halt: error("halt is not available"); def halt_error: halt; def halt_error(f): halt; def input_filename: null;
"""
_FUNCTIONS: Final = """. as $__camel
| def header($name): $__camel.h[$name | ascii_downcase]; def header($name; $default): header($name) // $default;
def property($name): $__camel.p[$name]; def property($name; $default): property($name) // $default;
def variable($name): $__camel.v[$name]; def variable($name; $default): variable($name) // $default;
def body: $__camel.b; .i |
"""


class JsonQueryException(ExpressionFailed):
    """A program that cannot be run, or that failed on this message."""


class InvalidPayloadException(ExpressionFailed):
    """A body that is no JSON."""


class JsonMap(dict[str, Any], Textual):
    """A JSON object that a program gave. Its text is JSON."""

    def as_text(self) -> str:
        return _json.pretty(self)


class JsonList(list[Any], Textual):
    """A JSON array that a program gave. Its text is JSON."""

    def as_text(self) -> str:
        return _json.pretty(self)


class Jq(LanguageSpec):
    """``.order.lines[] | select(.price > 10) | .sku``: the one result, a list of several, or nothing."""

    name = "jq"

    source = field(
        Kind.TEXT, None, doc="header:name, property:name, variable:name or a variable's name instead of the body."
    )

    def compile(self, scope: Scope) -> Expression:
        run = self._compiled(scope)
        if not self.result_type:
            return lambda exchange: _result(run(exchange))
        try:
            convert = _converter(self.result_type)
        except KeyError:
            raise UnknownName("type", self.result_type, type_names(), self.at) from None

        def evaluate(exchange: Exchange) -> Any:
            try:
                return convert(_result(run(exchange)))
            except ConversionFailed as error:
                raise RuntimeCamelException(str(error)) from error

        return evaluate

    def compile_predicate(self, scope: Scope) -> Predicate:
        run = self._compiled(scope)

        def test(exchange: Exchange) -> bool:
            results = run(exchange)
            return results[0] is True if len(results) == 1 else bool(results)

        return test

    def _compiled(self, scope: Scope) -> Callable[[Exchange], list[Any]]:
        program = _Program(self)
        read = reader(self.source, scope)  # type: ignore[arg-type]  # every scope is a context, which holds the variables
        about = _about(scope, self.text) if program.asks else None

        def run(exchange: Exchange) -> list[Any]:
            try:
                return program.run(read(exchange), about(exchange) if about else None)
            except RuntimeCamelException:
                raise
            except Exception as error:
                raise RuntimeCamelException(f"jq {program.text!r}: {error}") from error

        return run


class _Program:
    """A program as text and, in each thread, compiled."""

    def __init__(self, spec: Jq) -> None:
        self.text = spec.text
        self.asks = _CAMEL.search(self.text) is not None
        prelude = _FUNCTIONS if self.asks else ""
        self._whole = f"{prelude}{_FENCE}(\n{self.text}\n)"
        self._threads = threading.local()
        self._failure: str | None = None
        self._check(spec)

    def _check(self, spec: Jq) -> None:
        """Refuse what is no program; one that asks for something unknown fails the messages, as in Camel."""
        import jq

        if not self.text.strip():
            raise RouteSyntaxError("the jq program is empty", spec.at, "write . for the whole input")
        for program in (self.text, self._whole):  # by itself first, or parentheses in it could close ours
            try:
                jq.compile(program)
            except ValueError as error:
                told = str(error).splitlines()[0].removeprefix("jq: error: ")
                if "is not defined" not in told:
                    raise RouteSyntaxError(f"the jq program {self.text!r} cannot be read: {told}", spec.at) from None
                if program is self._whole:
                    self._failure = told

    def run(self, value: Any, about: dict[str, Any] | None) -> list[Any]:
        """All results for one input."""
        if self._failure:
            raise JsonQueryException(self._failure)
        document, guard = self._input(value)
        if document is _NOTHING:
            return []
        given = document if about is None else {**about, "i": document}
        if about is not None and "b" in about:
            given["b"] = _as_text(value)
        try:
            results = list(itertools.islice(self._here().input_text(_json.encode(given)), MAX_RESULTS + 1))
        except ValueError as error:
            raise JsonQueryException(str(error)) from None
        if len(results) > MAX_RESULTS:
            raise JsonQueryException(f"more than {MAX_RESULTS} results")
        return [_node(result, guard) for result in results]

    def _here(self) -> Any:
        compiled = getattr(self._threads, "compiled", None)
        if compiled is None:
            import jq

            compiled = self._threads.compiled = jq.compile(self._whole)
        return compiled

    def _input(self, value: Any) -> tuple[Any, dict[float, int]]:
        """The document to run on, and what its large integers are replaced by."""
        long = True
        if isinstance(value, (dict, JsonList)):
            document = value
        elif not _json.is_text(value):
            kind = "nothing" if value is None else f"a {type(value).__name__}"
            raise InvalidPayloadException(f"{kind} is no JSON: jq reads JSON text and maps")
        else:
            told = _json.text_of(value)
            if not told:
                if self.text.strip() == ".":
                    return _NOTHING, {}
                raise JsonQueryException("the text is empty: there is nothing to index")
            document = _json.decode(told)
            long = _LONG_NUMBER.search(told.encode() if isinstance(told, str) else told) is not None
        guard: dict[float, int] = {}
        return (_guarded(document, guard), guard) if long else (document, guard)


_NOTHING: Final = object()


def _guarded(value: Any, guard: dict[float, int]) -> Any:
    """The document with integers from 2^53 on as the nearest doubles; ``guard`` tells which integer each stood for.

    So a number that a program only passes on keeps all its digits. Two integers that are one double cannot both be passed on: rather than
    give one for the other this raises JsonQueryException.
    """
    if isinstance(value, Mapping):
        return {name: _guarded(item, guard) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_guarded(item, guard) for item in value]
    if isinstance(value, Decimal):  # of a data type; left so it would be a text, which is greater than any number
        whole = value.is_finite() and abs(value.adjusted()) < _LONGEST and value == value.to_integral_value()
        value = int(value) if whole else float(value)
    if isinstance(value, int) and not -_EXACT < value < _EXACT:
        near = float(value)
        if guard.setdefault(near, value) != value:
            raise JsonQueryException("two integers beyond 2^53 are too near to each other for jq: send them as text")
        return near
    return value


def _node(value: Any, guard: Mapping[float, int]) -> Any:
    """A result with its own text form, large integers restored."""
    if isinstance(value, dict):
        return JsonMap((name, _node(item, guard)) for name, item in value.items())
    if isinstance(value, list):
        return JsonList(_node(item, guard) for item in value)
    if isinstance(value, int) and not isinstance(value, bool) and not -_EXACT < value < _EXACT:
        return guard.get(float(value), float(value))  # what libjq writes beyond 2^53 are not the number's digits
    return value


def _result(results: list[Any]) -> Any:
    return results[0] if len(results) == 1 else results or None


def _about(scope: Scope, program: str) -> Callable[[Exchange], dict[str, Any]]:
    """What the functions header, property, variable and body give: texts, only of the kinds the program asks for."""
    asks = {kind: re.search(rf"\b{kind}\b", program) is not None for kind in ("header", "property", "variable", "body")}
    names = re.findall(r'\bvariable\(\s*"([^"\\]*)"', program)
    holder: Any = scope
    variables = {name: variable(name, holder) for name in names}

    def about(exchange: Exchange) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if asks["header"]:
            told["h"] = dict(_texts((name.lower(), value) for name, value in exchange.message.headers.items()))
        if asks["property"]:
            told["p"] = dict(_texts(exchange.properties.items()))
        if asks["variable"]:
            given = {name: one.get(exchange) for name, one in variables.items()}
            told["v"] = dict(_texts({**exchange.variables, **given}.items()))
        if asks["body"]:
            told["b"] = None
        return told

    return about


def _texts(items: Any) -> Iterator[tuple[str, str | None]]:
    for name, value in items:
        if value is None or isinstance(value, (str, bytes, bool, int, float, Mapping, list)):
            yield name, text(value)


def _as_text(value: Any) -> str | None:
    return _json.encode(value) if isinstance(value, (dict, list)) else text(value)


def _converter(name: str) -> Callable[[Any], Any]:
    """Conversions of JSON nodes, as Camel's Jackson has them."""
    short = name.rsplit(".", 1)[-1]
    convert = result_converter(name)
    match short.lower():
        case "list" | "collection" | "arraylist" | "iterable":
            return _items
        case "byte[]" | "inputstream" | "bytes":
            return lambda value: None if value is None else _json.encode(value).encode()
        case "boolean":

            def no_boolean(value: Any) -> Any:
                # Recorded: a node converts neither to Boolean, which gives null, nor to boolean, which fails.
                if short == "boolean" and value is not None:
                    raise ConversionFailed("a JSON node does not convert to boolean: compare it in the program")

            return no_boolean
        case _:
            return convert


def _items(value: Any) -> Any:
    if isinstance(value, dict):
        return list(value.values())
    return value if value is None or isinstance(value, list) else []
