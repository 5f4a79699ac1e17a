"""Functions on one text: ``trim``, ``uppercase``, ``concat``, ``pad`` ... (Camel's page "Simple - Built-in Functions", 4.18 and later).

Each works on the body, or on its argument: quoted text, plain text or a function. Where there is no text there is no result.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote as percent_encoded

from esb.coerce import converter, inner, lenient, octets, text
from esb.exchange import Exchange
from esb.expression import Expression
from esb.languages.simple import javaregex
from esb.languages.simple.arguments import split as split_arguments
from esb.languages.simple.arguments import unquoted
from esb.languages.simple.functions import Call, family, function
from esb.languages.simple.methods import java_split
from esb.languages.simple.nodes import SyntaxFault

_WHOLE: Final = converter("Integer")
_OCTETS: Final = lenient("byte[]")
_WIDEST: Final = 1_000_000
"""No text is padded beyond this: the width may come with a message."""


def _words(told: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in told.split(" "))


def _bare(told: str) -> str:
    return told[1:-1] if len(told) > 1 and told[0] in "'\"" and told[-1] == told[0] else told


def _quoted(told: str) -> str:
    return f'"{_bare(told)}"'


_OF_TEXT: Final[dict[str, tuple[Callable[[str], str], str]]] = {
    "trim": (lambda told: told.strip("".join(map(chr, range(33)))), "without blanks at its ends"),
    "uppercase": (str.upper, "in capital letters"),
    "lowercase": (str.lower, "in small letters"),
    "capitalize": (_words, "with a capital letter at the start of each word"),
    "normalizeWhitespace": (
        lambda told: re.sub(r"\s+", " ", told).strip(),
        "with one blank between words and none at its ends",
    ),
    "quote": (_quoted, "in double quotes; single ones are replaced"),
    "unquote": (_bare, "without the quotes around it"),
}


def _of_text(call: Call) -> Expression:
    work, _ = _OF_TEXT[call.name]
    source = call.source(call.inside(f"{call.name}(exp)", to_last=True))

    def made(exchange: Exchange) -> str | None:
        told = text(source(exchange))
        return None if told is None else work(told)

    return made


family(
    _of_text,
    {name: f"``${{{name}()}}``, ``${{{name}(exp)}}``: the text {told}." for name, (_, told) in _OF_TEXT.items()},
)


@function("safeQuote")
def safe_quote(call: Call) -> Expression:
    """``${safeQuote()}``: quoted as JSON wants it; numbers, truth values and nothing stay as they are."""
    source = call.source(call.inside("safeQuote(exp)", to_last=True))

    def made(exchange: Exchange) -> Any:
        value = source(exchange)
        return value if value is None or isinstance(value, (bool, int, float)) else _quoted(inner(value))

    return made


@function("length")
def length(call: Call) -> Expression:
    """``${length()}``: the size in bytes."""
    source = call.source(call.inside("length(exp)", to_last=True))

    def measured(exchange: Exchange) -> int | None:
        value = source(exchange)
        return None if value is None else len(value if isinstance(value, bytes) else octets(text(value)))

    return measured


@function("concat")
def concat(call: Call) -> Expression:
    """``${concat(a,b)}``, ``${concat(a,b,separator)}``; with one argument it stands behind the body."""
    usage = "concat(exp)}, ${concat(exp,exp)}, ${concat(exp,exp,separator)"
    arguments = _arguments(call, usage, 1, 3)
    if len(arguments) == 1:
        arguments.insert(0, "${body}")
    left, right = (call.expression(argument) for argument in arguments[:2])
    separator = call.expression(arguments[2] if len(arguments) > 2 else "")

    def joined(exchange: Exchange) -> str:
        parts = (text(left(exchange)), text(right(exchange)))
        return (text(separator(exchange)) or "").join(part for part in parts if part is not None)

    return joined


@function("pad")
def pad(call: Call) -> Expression:
    """``${pad(exp,width)}``, ``${pad(exp,width,separator)}``: filled up on the right; on the left if the width is negative."""
    arguments = _arguments(call, "pad(exp,width)}, ${pad(exp,width,separator)", 2, 3)
    source, width = call.expression(arguments[0]), call.expression(arguments[1])
    filler = call.expression(arguments[2] if len(arguments) > 2 else " ")

    def padded(exchange: Exchange) -> str | None:
        told, wanted = text(source(exchange)), _WHOLE(width(exchange)) or 0
        if told is None:
            return None
        fill = text(filler(exchange)) or " "
        missing = min(abs(wanted), _WIDEST) - len(told)
        more = fill * -(-missing // len(fill)) if missing > 0 else ""  # whole fillers, though that be too wide
        return told + more if wanted > 0 else more + told

    return padded


def _substring_beside(call: Call) -> Expression:
    arguments = _arguments(call, f"{call.name}(exp)}}, ${{{call.name}(exp,exp)", 1, 2)
    source = call.expression(arguments[0] if len(arguments) > 1 else "${body}")
    mark = call.expression(arguments[-1])
    after = call.name == "substringAfter"

    def part(exchange: Exchange) -> str | None:
        return _beside(text(source(exchange)), text(mark(exchange)), after=after)

    return part


family(
    _substring_beside,
    {
        f"substring{side}": f"``${{substring{side}(text)}}``, ``${{substring{side}(exp,text)}}``: what stands {side.lower()} the first such text; "
        "nothing if there is none."
        for side in ("Before", "After")
    },
)


@function("substringBetween")
def substring_between(call: Call) -> Expression:
    """``${substringBetween(after,before)}``, ``${substringBetween(exp,after,before)}``."""
    arguments = _arguments(call, "substringBetween(after,before)}, ${substringBetween(exp,after,before)", 2, 3)
    source = call.expression(arguments[0] if len(arguments) > 2 else "${body}")
    after, before = (call.expression(argument) for argument in arguments[-2:])

    def part(exchange: Exchange) -> str | None:
        return _beside(
            _beside(text(source(exchange)), text(after(exchange)), after=True), text(before(exchange)), after=False
        )

    return part


def _beside(told: str | None, mark: str | None, *, after: bool) -> str | None:
    if told is None or not mark:
        return None
    head, found, tail = told.partition(mark)
    return (tail if after else head) if found else None


@function("split")
def split(call: Call) -> Expression:
    """``${split()}`` at commas, ``${split(separator)}``, ``${split(exp,separator)}``. The separator is a regular expression."""
    inside = call.inside("split(separator)}, ${split(exp,separator)", to_last=True)
    arguments = [","] if inside in {"", ","} else [unquoted(argument) for argument in split_arguments(inside)]
    if len(arguments) > 2 or "${" in arguments[-1]:
        raise call.misused("split(separator)}, ${split(exp,separator)")
    source = call.expression(arguments[0] if len(arguments) > 1 else "${body}")
    pattern = javaregex.compiled(arguments[-1], trusted=True)  # the route author's: functions were refused above

    def parts(exchange: Exchange) -> list[str] | None:
        told = text(source(exchange))
        return None if told is None else list(java_split(pattern, told))

    return parts


_JSON_OF_SCRIPT: Final = {"'": "\\'", "</": "<\\/"}
_ESCAPES: Final[dict[str, Callable[[str], str]]] = {
    "html": html.escape,
    "xml": lambda told: html.escape(told).replace("&#x27;", "&apos;"),
    "json": lambda told: json.dumps(told, ensure_ascii=False)[1:-1],
    "js": lambda told: re.sub(
        "'|</", lambda found: _JSON_OF_SCRIPT[found[0]], json.dumps(told, ensure_ascii=False)[1:-1]
    ),
    "sql": lambda told: told.replace("'", "''"),
    "url": lambda told: percent_encoded(told, safe=""),
}


@function("escape")
def escape(call: Call) -> Expression:
    """``${escape(html)}``, ``${escape(json,exp)}``: for a text that is put into HTML, XML, JSON, JavaScript, SQL or a URL."""
    usage = "escape(html|xml|json|js|sql|url)}, ${escape(kind,exp)"
    arguments = _arguments(call, usage, 1, 2)
    kind = arguments[0].strip().lower()
    escaped: Callable[[str], str] | None = _ESCAPES.get({"javascript": "js"}.get(kind, kind))
    if escaped is None:
        raise call.misused(usage)
    source = call.expression(arguments[1] if len(arguments) > 1 else "${body}")

    def made(exchange: Exchange) -> str | None:
        told = text(source(exchange))
        return None if told is None else escaped(told)

    return made


def _base64(call: Call) -> Expression:
    source = call.source(call.inside(f"{call.name}(exp)", to_last=True))
    work = _decoded if call.name == "base64Decode" else _encoded

    def coded(exchange: Exchange) -> bytes | str | None:
        data = _OCTETS(source(exchange))
        return None if data is None else work(data)

    return coded


family(
    _base64,
    {
        "base64Encode": "``${base64Encode()}``, ``${base64Encode(exp)}``: in lines of 76 characters that end with CR LF.",
        "base64Decode": "``${base64Decode()}``, ``${base64Decode(exp)}``: the bytes.",
    },
)


def _encoded(data: bytes) -> str:
    lines = (data[start : start + 57] for start in range(0, len(data), 57))
    return "".join(base64.b64encode(line).decode("ascii") + "\r\n" for line in lines)


def _decoded(data: bytes) -> bytes:
    """Both alphabets, whatever else stands between; a last character that makes no byte is dropped."""
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data.replace(b"-", b"+").replace(b"_", b"/"))
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    return base64.b64decode(kept + b"=" * (-len(kept) % 4))


def _arguments(call: Call, usage: str, least: int, most: int) -> list[str]:
    """The arguments, blanks and quotes around each removed. Raises SyntaxFault."""
    found = [unquoted(argument.strip()) for argument in split_arguments(call.inside(usage, to_last=True))]
    if not least <= len(found) <= most:
        raise SyntaxFault(f"${{{call.text}}} is not how to write it", call.at, f"write ${{{usage}}}")
    return found
