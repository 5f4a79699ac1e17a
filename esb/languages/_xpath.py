"""XPath 1.0 texts read at load: what they ask for, and small repairs, before libxml2 compiles them.

libxml2 finds unknown functions and prefixes only when an evaluation meets them, and writes numbers in text with 15 digits or with an
exponent, which the recommendation (section 4.2) does not allow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

OURS: Final = "urn:esb:xpath"
"""Namespace of the functions that stand in for libxml2's."""
_PREFIX: Final = "esb-own"

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)|(?P<literal>"[^"]*"|'[^']*')|(?P<number>\d+(?:\.\d*)?|\.\d+)
      |\$(?P<variable>[^\W\d][\w.-]*(?::[^\W\d][\w.-]*)?)
      |(?P<name>[^\W\d][\w.-]*(?::(?!:)(?:[^\W\d][\w.-]*|\*))?)
      |(?P<sign>::|//|\.\.|!=|<=|>=|[/.@\[\](),|=<>+*-])""",
    re.VERBOSE,
)
_NODE_TYPES: Final = frozenset({"text", "node", "comment", "processing-instruction"})
_OPERATORS: Final = frozenset({"and", "or", "div", "mod"})
_CORE: Final = frozenset(
    {
        *(
            "last",
            "position",
            "count",
            "id",
            "local-name",
            "namespace-uri",
            "name",
            "string",
            "concat",
            "starts-with",
            "contains",
        ),
        *(
            "substring-before",
            "substring-after",
            "substring",
            "string-length",
            "normalize-space",
            "translate",
            "boolean",
            "not",
        ),
        *("true", "false", "lang", "number", "sum", "floor", "ceiling", "round"),
    }
)
_REPLACED: Final = frozenset({"string", "concat"})


class BadPath(ValueError):
    """A text that is no XPath, or asks for something nobody knows."""


@dataclass(slots=True)
class Reading:
    """What was found in a text."""

    text: str = ""
    """The text to compile: some functions renamed, namespaced variables under plain names, and paths that begin at the context node with a
    slash before them, since in Camel the context is the document and in lxml its root element.
    """
    variables: dict[str, str] = field(default_factory=dict)
    """Name in the compiled text -> name as written."""
    calls: list[tuple[str, str | None]] = field(default_factory=list)
    """Prefixed functions, each with its first argument if that is a plain literal."""


def read_path(text: str, prefixes: Collection[str]) -> Reading:
    """Read an XPath. Raises BadPath for what cannot be one, unknown functions and undeclared prefixes."""
    tokens = _tokens(text)
    found = Reading()
    told: list[str] = []
    depth = 0
    calls: list[str] = []  # the functions whose brackets are open
    for place, (kind, word) in enumerate(tokens):
        before = tokens[place - 1] if place else ("", "")
        follows = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        depth += {"[": 1, "]": -1}.get(word, 0)
        if word == "(":
            calls.append(before[1])
        elif word == ")" and calls:
            calls.pop()
        at_context = depth == 0 and before[1] not in {"/", "//", "@", "::"}
        if kind == "variable":
            told.append(_variable(word, prefixes, found))
            continue
        if kind == "name" and _ends_operand(before):
            if word not in _OPERATORS:
                raise BadPath(f"an operator is expected before {word!r}")
            tokens[place] = ("operator", word)
        elif kind == "name":
            if at_context and (follows != "(" or word in _NODE_TYPES):
                told.append("/")
            told.append(_name(word, follows, prefixes, found, tokens[place + 2 :]))
            continue
        elif at_context and word in {".", "/"} and before[1] in {"(", ","} and follows in {")", ","}:
            # lxml has no object for the document that a function of ours could get; the text of its root element is the same.
            told.append("/*" if calls and calls[-1] in _REPLACED else "/.")
            continue
        elif word == "*" and _ends_operand(before):
            tokens[place] = ("operator", word)
        elif word in {".", "..", "@", "*"} and at_context:
            told.append("/")
        told.append(word)
    found.text = _joined(told)
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadPath(f"{text[place : place + 10]!r} is no part of an XPath")
        place = match.end()
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append((kind, match[kind]))
    if not tokens:
        raise BadPath("the XPath is empty")
    return tokens


def _ends_operand(token: tuple[str, str]) -> bool:
    kind, text = token
    if kind == "operator":
        return False
    return kind in {"literal", "number", "variable", "name"} or text in {")", "]", ".", "..", "*"}


def _variable(name: str, prefixes: Collection[str], found: Reading) -> str:
    prefix, colon, _ = name.rpartition(":")
    if colon and prefix not in prefixes:
        raise BadPath(f"the prefix {prefix!r} of ${name} is not declared")
    plain = name.replace(":", "__")
    found.variables[plain] = name
    return f"${plain}"


def _name(name: str, follows: str, prefixes: Collection[str], found: Reading, rest: list[tuple[str, str]]) -> str:
    prefix, colon, _ = name.rpartition(":")
    if colon and prefix not in prefixes:
        raise BadPath(f"the prefix {prefix!r} of {name} is not declared: add it under namespace")
    if follows != "(" or name in _NODE_TYPES:
        return name
    if colon:
        literal = rest[0][1][1:-1] if rest[:1] and rest[0][0] == "literal" and rest[1:2] == [("sign", ")")] else None
        found.calls.append((name, literal))
        return name
    if name not in _CORE:
        raise BadPath(f"XPath 1.0 has no function {name}()")
    return f"{_PREFIX}:{name}" if name in _REPLACED else name


def _joined(tokens: list[str]) -> str:
    """The tokens as a text; blanks only where two of them would run together."""
    told = ""
    for token in tokens:
        if told and (told[-1].isalnum() or told[-1] in "_.-*'\"") and (token[0].isalnum() or token[0] in "_.$-*'\""):
            told += " "
        told += token
    return told


def number_text(value: float) -> str:
    """A number as text by XPath's rules: no exponent, no ``.0``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == int(value):
        return str(int(value))
    told = repr(value)
    if "e" in told:
        import decimal

        told = format(decimal.Decimal(told), "f")
    return told


def node_text(node: Any) -> str:
    """The string value of a node: elements' text content, the text itself of attributes and texts."""
    return node if isinstance(node, str) else "".join(node.itertext())


def as_string(value: Any) -> str:
    """XPath's ``string()``: of a node-set the first node's value."""
    if isinstance(value, list):
        return node_text(value[0]) if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, (int, float)) else str(value)


def as_number(value: Any) -> float:
    """XPath's ``number()``."""
    if isinstance(value, (int, float)):
        return float(value)
    told = as_string(value).strip(" \t\r\n")
    return float(told) if re.fullmatch(r"-?(?:\d+(?:\.\d*)?|\.\d+)", told) else math.nan


def as_boolean(value: Any) -> bool:
    """XPath's ``boolean()``."""
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    return bool(value)


def _string(context: Any, *values: Any) -> str:
    return as_string(values[0]) if values else node_text(context.context_node)


def _concat(_context: Any, *values: Any) -> str:
    return "".join(as_string(value) for value in values)


NAMESPACES: Final = {_PREFIX: OURS}
FUNCTIONS: Final = {(OURS, "string"): _string, (OURS, "concat"): _concat}
