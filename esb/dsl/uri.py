"""Endpoint URIs: ``scheme:path?option=value&...`` to their parts and back.

As in Camel (its page on URIs, and the oracle's cases): ``//`` after the scheme means nothing; percent escapes are read in path and values,
``+`` is a blank in values; a percent sign that begins no escape is itself. Values are decoded *before* the query is cut at ``&`` and then
once more, so an ampersand or plus cannot be escaped: ``RAW(...)`` or ``RAW{...}`` around a value is how it is written as it is.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from esb.errors import NOWHERE, OptionError, Position
from esb.secret import Secret

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_RAW: Final = re.compile(r"([^&=]*)=RAW(?:\((.*?)\)|\{(.*?)\})(?=&|$)", re.DOTALL)
_PAIR: Final = re.compile(r"[^&]*")
_ESCAPE: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_UNSAFE_IN_PATH: Final = re.compile(r"[\s%?#\"<>\\^`{|}]")
_PLAIN_VALUE: Final = re.compile(r"[^&+%#\s]*")
_SENSITIVE: Final = re.compile(
    r"^pass$|pass(?:word|phrase|wd|code)$|secret|token|credential|api-?_?key|(?:access|private|sas|account|sharedaccess)-?_?key|auth(?:orization)?$",
    re.IGNORECASE,
)
_USERINFO: Final = re.compile(r"(?<=[/:])([^/?@:\s]+):([^/?@\s]*)@")
_STARS: Final = "***"


@dataclass(frozen=True, slots=True, repr=False)
class Uri:
    """An endpoint's URI. ``path`` and the values are decoded; ``raw_path`` and ``query`` stand as written, for schemes that speak to a host."""

    scheme: str
    path: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    raw_path: str = field(default="", compare=False)
    query: str = field(default="", compare=False)
    at: Position = field(default=NOWHERE, compare=False)
    places: Mapping[str, Position] = field(default_factory=dict, compare=False)
    """Where the parameters stand that are not written into the URI."""

    @property
    def options(self) -> dict[str, str]:
        """The parameters by name. Raises OptionError if one is given twice: to take either would hide the other."""
        found: dict[str, str] = {}
        for name, value in self.pairs:
            if name in found:
                raise OptionError(f"the parameter {name!r} is given twice in {self.safe()}", self.at, "remove one")
            found[name] = value
        return found

    def safe(self, secrets: Collection[str] = ()) -> str:
        """The canonical text for logs and headers: values of sensitive names, and of those in ``secrets``, as stars."""
        shown = [
            (name, _STARS if isinstance(value, Secret) or name in secrets or _SENSITIVE.search(name) else value)
            for name, value in self.pairs
        ]
        return _USERINFO.sub(rf"\1:{_STARS}@", _render(self.scheme, self.path, shown))

    def __str__(self) -> str:
        return _render(self.scheme, self.path, self.pairs)

    def __repr__(self) -> str:
        return f"<Uri {self.safe()}>"


class Parameters(dict[str, Any]):
    """Options of an endpoint as a file gives them, with the ``places`` where they stand, so that one which is wrong is told there."""

    def __init__(self, values: Mapping[str, Any], places: Mapping[str, Position]) -> None:
        super().__init__(values)
        self.places = places


def parse_uri(text: str, parameters: Mapping[str, Any] | None = None, at: Position = NOWHERE) -> Uri:
    """Read a URI, with the ``parameters:`` beside it.

    Parameters are plain values of YAML; they are put into the query as they are (so ``&`` ends a value, unless RAW or a
    :class:`~esb.secret.Secret`). Raises OptionError for what is no URI, and when options stand in both places.
    """
    plain = text.strip()
    if not plain:
        raise OptionError("the URI is empty", at, "write scheme:path, such as direct:orders")
    head, _, query = plain.partition("?")
    scheme, _, raw_path = head.partition(":")
    if not _SCHEME.fullmatch(scheme):
        raise OptionError(f"{sanitise(plain)!r} is not a URI", at, "write scheme:path, such as direct:orders")
    if plain == f"{scheme}:" and not parameters:
        raise OptionError(f"{plain!r} has nothing behind its scheme", at, "write scheme:path, such as direct:orders")
    raw_path = raw_path.removeprefix("//")
    if parameters and query:
        raise OptionError(
            f"options of {scheme} stand both in the URI and under parameters", at, "move all of them under parameters"
        )
    pairs = _parameters(parameters, at) if parameters else _pairs(query, at)
    places = parameters.places if isinstance(parameters, Parameters) else {}
    return Uri(scheme, _decode(raw_path), tuple(pairs), raw_path, query, at, places)


def sensitive(name: str) -> bool:
    """Whether an option's or header's name says that its value is a secret: ``password``, ``apiKey``, ``Authorization`` ..."""
    return _SENSITIVE.search(name) is not None


def sanitise(text: str, secrets: Collection[str] = ()) -> str:
    """Any text that holds a URI, with passwords as stars: for messages about URIs that could not even be read. Never raises."""

    def starred(match: re.Match[str]) -> str:
        name = match[1]
        return f"{name}={_STARS}" if name in secrets or _SENSITIVE.search(name) else match[0]

    text = re.sub(r"(?<=[?&])([^&=]+)=(RAW\(.*?\)(?=&|$)|RAW\{.*?\}(?=&|$)|[^&]*)", starred, text)
    return _USERINFO.sub(rf"\1:{_STARS}@", text)


def _parameters(parameters: Mapping[str, Any], at: Position) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if isinstance(value, Secret):
            pairs.append((name, value))
        elif value is not None:
            told = str(value).lower() if isinstance(value, bool) else str(value)
            pairs.extend(_pairs(f"{name}={told}", at))
    return pairs


def _pairs(query: str, at: Position) -> list[tuple[str, str]]:
    if query.endswith("&"):
        raise OptionError("the URI ends with an ampersand", at, "remove it")
    found: list[tuple[str, str]] = []
    for name, value, raw in _cut(query, at):
        if raw:
            found.append((_decode_value(_decode_value(name)), value))
        else:
            # Decoded text is cut again: Camel normalises a URI first and reads the result.
            again = _cut(f"{_decode_value(name)}={_decode_value(value)}", at)
            found.extend((_decode_value(key), told if is_raw else _decode_value(told)) for key, told, is_raw in again)
    return found


def _cut(query: str, at: Position) -> list[tuple[str, str, bool]]:
    """The pairs of a query: name, value, and whether the value was RAW."""
    found: list[tuple[str, str, bool]] = []
    place = 0
    while place < len(query):
        raw = _RAW.match(query, place)
        if raw:
            found.append((raw[1], raw[2] if raw[2] is not None else raw[3], True))
            place = raw.end() + 1
            continue
        pair = _PAIR.match(query, place)
        told = pair[0] if pair else ""
        name, _, value = told.partition("=")
        if not name:
            raise OptionError("a parameter of the URI has no name", at, "look for a doubled or lost ampersand")
        found.append((name, value, False))
        place += len(told) + 1
    return found


def _decode(text: str) -> str:
    """Percent escapes to characters (UTF-8); what is no escape, or no UTF-8, stays."""

    def decoded(match: re.Match[str]) -> str:
        try:
            return urllib.parse.unquote(match[0], errors="strict")
        except UnicodeDecodeError:
            return match[0]

    return _ESCAPE.sub(decoded, text) if "%" in text else text


def _decode_value(text: str) -> str:
    return _decode(text.replace("+", " "))


def _render(scheme: str, path: str, pairs: Collection[tuple[str, str]]) -> str:
    told = _UNSAFE_IN_PATH.sub(lambda match: urllib.parse.quote(match[0], safe=""), path)
    query = "&".join(f"{_name(name)}={_value(value)}" for name, value in sorted(pairs))
    return f"{scheme}://{told}" + (f"?{query}" if query else "")


def _value(value: str) -> str:
    if _PLAIN_VALUE.fullmatch(value) and not value.startswith("RAW"):
        return value
    for opened, closed in ("()", "{}"):
        if f"{closed}&" not in value and not value.endswith(closed):
            return f"RAW{opened}{value}{closed}"
    return _escaped(value)  # nothing protects this value as a whole


def _name(name: str) -> str:
    return name if re.fullmatch(r"[^&+%#=\s]*", name) else _escaped(name)


def _escaped(text: str) -> str:
    """Every character escaped twice, since it is decoded twice."""
    return "".join(f"%25{octet:02X}" for octet in text.encode())
