"""The language ``jsonpath``: paths in Jayway's dialect on JSON text, maps and lists.

Options and results are those of Camel 4.17 (its page "JSONPath", and the oracle's cases under ``languages/jsonpath``). The path is compiled when
the route is loaded; as in Camel one that cannot be read fails the messages, not the start, which a warning in the log tells.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable
from typing import Any, Final

from esb.coerce import converter, result_converter, text, truthy, type_names
from esb.errors import ExpressionFailed, OptionError, UnknownName
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Predicate, Scope
from esb.fields import Kind, field
from esb.javanames import CamelExchangeException, IllegalArgumentException
from esb.languages import _json
from esb.languages._jsonpath.path import OPTIONS, InvalidPathException, Path, compile_path
from esb.languages._source import reader

_log: Final = logging.getLogger(__name__)
_EASY: Final = re.compile(r"\s(==|!=|<=|>=|=~|<|>|in|nin|size|empty|subsetof|anyof|noneof)\s")
_FUNCTION: Final = re.compile(r"\$\{[^{}]*\}")
_SYNTAX: Final = "?()@"
"""What makes a filter or a function: message data that is put into a path must not bring any of it."""


class JsonPath(LanguageSpec):
    """``$.order.lines[?(@.price > 10)].sku``: parts of a JSON document; as a predicate also ``order.total > 100``."""

    name = "jsonpath"

    suppress_exceptions = field(Kind.BOOL, False, doc="A missing path or body gives nothing instead of an error.")
    allow_simple = field(Kind.BOOL, True, doc="Whether simple's ${...} may stand in the path.")
    allow_easy_predicate = field(
        Kind.BOOL, True, doc="Whether a predicate may be written without brackets: order.total > 100."
    )
    write_as_string = field(Kind.BOOL, False, doc="Give the result, or each item of it, as JSON text.")
    unpack_array = field(Kind.BOOL, False, doc="Give the only item of a list instead of the list.")
    option = field(
        Kind.NAMES, (), doc="Options of Jayway's library.", example="DEFAULT_PATH_LEAF_TO_NULL,ALWAYS_RETURN_LIST"
    )
    source = field(
        Kind.TEXT, None, doc="header:name, property:name, variable:name or a variable's name instead of the body."
    )

    def compile(self, scope: Scope) -> Expression:
        return self._compiled(scope, self.text)

    def compile_predicate(self, scope: Scope) -> Predicate:
        path = easy(self.text) if self.allow_easy_predicate else self.text
        evaluate = self._compiled(scope, path)
        return lambda exchange: truthy(evaluate(exchange))

    def _compiled(self, scope: Scope, path: str) -> Expression:
        if self.expression is None:
            raise OptionError("jsonpath needs a path", self.at, "write $ for the whole document")
        read = reader(self.source, scope)  # type: ignore[arg-type]  # every scope is a context, which holds the variables
        find = self._finder(scope, path)
        finish = self._finish()
        where = _where(self.source)
        suppress = self.suppress_exceptions

        def evaluate(exchange: Exchange) -> Any:
            try:
                document = _document(read(exchange))
                if document is None:
                    if suppress:
                        return finish(None)
                    raise CamelExchangeException(f"{where} holds no JSON")
                return finish(find(exchange, document))
            except Exception as error:
                raise ExpressionFailed(f"jsonpath {path!r}: {error}") from error

        return evaluate

    def _finder(self, scope: Scope, path: str) -> Callable[[Exchange, Any], Any]:
        options = self._options()
        if self.allow_simple and "${" in path:
            template = scope.language("simple")(self.at, expression=path).compile(scope)
            fixed = _FUNCTION.sub("", path)
            return lambda exchange, document: _filled(template(exchange), fixed).read(document, options)
        try:
            compiled = compile_path(path)
        except InvalidPathException as error:
            failure = error
            _log.warning("%s [ESB-R001] the jsonpath cannot be read, every message will fail here: %s", self.at, error)

            def fail(exchange: Exchange, document: Any) -> Any:  # noqa: ARG001 -- the shape of a finder
                raise failure.with_traceback(None)

            return fail
        return lambda _, document: compiled.read(document, options)

    def _options(self) -> frozenset[str]:
        options = {name.upper() for name in self.option}
        for name in options - set(OPTIONS):
            raise OptionError(f"jsonpath has no option {name!r}", self.at, f"known: {', '.join(OPTIONS)}")
        return frozenset(options | ({"SUPPRESS_EXCEPTIONS"} if self.suppress_exceptions else set()))

    def _finish(self) -> Callable[[Any], Any]:
        """What is done with a result: written as text, unpacked, converted."""
        steps: list[Callable[[Any], Any]] = []
        if self.write_as_string:
            steps.append(_written)
        if self.unpack_array:
            steps.append(lambda value: value[0] if isinstance(value, list) and len(value) == 1 else value)
        if self.result_type:
            try:
                steps.append(_converter(self.result_type))
            except KeyError:
                raise UnknownName("type", self.result_type, type_names(), self.at) from None
        if len(steps) == 1:
            return steps[0]
        return lambda value: functools.reduce(lambda held, step: step(held), steps, value)


def easy(path: str) -> str:
    """The path that Camel's short form of a predicate stands for: ``order.total > 9`` is ``$.order[?(@.total > 9)]``.

    One name alone is looked for at every depth below the top. Text that is a path already, or has not exactly one operator between blanks,
    stays.
    """
    if path.startswith("$"):
        return path
    operators = list(_EASY.finditer(path))
    if len(operators) != 1:
        return path
    left = path[: operators[0].start()].strip()
    parent, dot, leaf = left.rpartition(".")
    start = f"$.{parent}" if dot else "$..*"
    return f"{start}[?(@.{leaf}{path[operators[0].start() :]})]"


def _where(source: str | None) -> str:
    if not source:
        return "the body"
    return f"the {source}" if ":" in source else f"the variable {source!r}"


def _document(value: Any) -> Any:
    """The value to search: maps and lists as they are, text parsed; None for what is neither."""
    if isinstance(value, (dict, list)):
        return value
    if not _json.is_text(value):
        return None
    told = _json.text_of(value)
    if not told:
        raise IllegalArgumentException("the JSON text is empty")
    document = _json.decode(told)
    if document is None:
        raise IllegalArgumentException("the JSON text is null")
    return document


@functools.lru_cache(maxsize=1000)
def _cached(path: str) -> Path:
    return compile_path(path)


def _filled(path: Any, fixed: str) -> Path:
    """The path made of a text with message data in it. Data may give names and numbers, never conditions or functions."""
    told = text(path) or ""
    for sign in _SYNTAX:
        if told.count(sign) != fixed.count(sign):
            raise InvalidPathException(
                f"the message puts {sign!r} into the path; only names and numbers may come from it"
            )
    return _cached(told)


def _written(value: Any) -> Any:
    # Camel writes the parts of a list or map, not the whole, so that a split gives texts.
    if isinstance(value, list):
        return [_json.encode(item) for item in value]
    if isinstance(value, dict):
        return {name: _json.encode(item) for name, item in value.items()}
    return _json.encode(value)


def _converter(name: str) -> Callable[[Any], Any]:
    convert = result_converter(name)
    short = name.rsplit(".", 1)[-1].lower()
    if short in {"list", "collection", "arraylist"}:
        return lambda value: value if value is None or isinstance(value, list) else [value]
    bits = {"int": 32, "integer": 32, "long": 64}.get(short)
    strict = converter(name)

    def single(value: Any) -> Any:
        """As Camel: of a list the items that are not null, and if there is one only, that one, which must then be of the type."""
        if not isinstance(value, list):
            return convert(value)
        items = [item for item in value if item is not None]
        return strict(items[0]) if len(items) == 1 else convert(items)

    if bits is None:
        return single

    def narrow(value: Any) -> Any:
        held = single(value)
        if isinstance(held, int) and held.bit_length() > 63:
            # Java narrows a number beyond 64 bits without a word; oracle case languages/jsonpath/numbers.
            held = (held + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))
        return held

    return narrow
