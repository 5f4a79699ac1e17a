"""Values as YAML text, in the form that SnakeYAML gives them: inner lists and maps of plain values on one line, others in blocks."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import re
from collections.abc import Mapping
from io import StringIO
from typing import Any, Final

import yaml
from yaml.emitter import Emitter
from yaml.resolver import BaseResolver

from esb.coerce import float_text, is_element, text
from esb.dataformats._yaml_scalars import PATTERNS, PREFIX
from esb.errors import ConversionFailed

_MAX_DEPTH: Final = 200
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Resolver(BaseResolver):
    """Knows which plain words would be read as something else than text."""


for _tag, _pattern, _first in PATTERNS:
    _Resolver.add_implicit_resolver(_tag, _pattern, ["" if one == "\0" else one for one in _first])


def write(value: Any, *, pretty_flow: bool = False) -> str:
    """The value as one document. Raises ConversionFailed for what YAML has no form for."""
    stream = StringIO()
    dumper = _Dumper(stream, pretty_flow=pretty_flow)
    dumper.emit(yaml.StreamStartEvent())
    dumper.emit(yaml.DocumentStartEvent(explicit=False))
    for event in _Events(_Resolver()).of(value, 0):
        dumper.emit(event)
    dumper.emit(yaml.DocumentEndEvent(explicit=False))
    dumper.emit(yaml.StreamEndEvent())
    return stream.getvalue()


class _Events:
    """A value as events; whether a list or map is written on one line is known only after its items."""

    def __init__(self, resolver: _Resolver) -> None:
        self._resolver = resolver

    def of(self, value: Any, depth: int) -> list[Any]:
        if depth > _MAX_DEPTH:
            raise ConversionFailed(f"the body is nested deeper than {_MAX_DEPTH} levels, or holds itself")
        if isinstance(value, Mapping):
            inner = [self.of(part, depth + 1) for entry in value.items() for part in entry]
            start: Any = yaml.MappingStartEvent(None, PREFIX + "map", True, flow_style=_plain(inner))
            return [start, *(event for events in inner for event in events), yaml.MappingEndEvent()]
        if isinstance(value, (list, tuple, set, frozenset)):
            inner = [self.of(item, depth + 1) for item in value]
            start = yaml.SequenceStartEvent(None, PREFIX + "seq", True, flow_style=_plain(inner))
            return [start, *(event for events in inner for event in events), yaml.SequenceEndEvent()]
        return [self._scalar(value)]

    def _scalar(self, value: Any) -> Any:
        kind, told, style = _told(value)
        plain = self._resolver.resolve(yaml.ScalarNode, told, (True, False)) == PREFIX + kind  # type: ignore[no-untyped-call]  # the stubs have no types here
        quoted = self._resolver.resolve(yaml.ScalarNode, told, (False, True)) == PREFIX + kind  # type: ignore[no-untyped-call]  # as above
        return yaml.ScalarEvent(None, PREFIX + kind, (plain, quoted), told, style=style)


def _plain(inner: list[list[Any]]) -> bool:
    return all(len(events) == 1 and not events[0].style for events in inner)


def _told(value: Any) -> tuple[str, str, Any]:
    """Kind, text and style of a scalar."""
    if value is None:
        return "null", "null", None
    if isinstance(value, bool):
        return "bool", "true" if value else "false", None
    if isinstance(value, int):
        return "int", str(value), None
    if isinstance(value, float):
        told = float_text(value)
        return "float", {"NaN": ".nan", "Infinity": ".inf", "-Infinity": "-.inf"}.get(told, told), None
    if isinstance(value, decimal.Decimal):
        return "float", str(value), None
    if isinstance(value, dt.datetime):
        return "timestamp", value.isoformat().replace("+00:00", "Z"), None
    if isinstance(value, dt.date):
        return "timestamp", value.isoformat(), None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "binary", base64.b64encode(bytes(value)).decode(), "|"
    if not isinstance(value, str) and not is_element(value) and not hasattr(value, "open"):
        raise ConversionFailed(f"a {type(value).__name__} has no form in YAML: a map, a list, a text or a number has")
    told = text(value) or ""
    if _UNPRINTABLE.search(told):
        return "binary", base64.b64encode(told.encode("utf-8", "surrogatepass")).decode(), "|"
    return "str", told, "|" if re.search("[\n\x85\u2028\u2029]", told) else None


class _Dumper(Emitter):
    """PyYAML's emitter with the two habits of SnakeYAML's: no ``...`` after a plain document, and flow collections over several lines."""

    def __init__(self, stream: StringIO, *, pretty_flow: bool) -> None:
        super().__init__(stream, allow_unicode=True, width=80)
        self._pretty = pretty_flow

    def expect_document_end(self) -> None:
        self.open_ended = False
        super().expect_document_end()

    def expect_flow_sequence(self) -> None:
        super().expect_flow_sequence()
        if self._pretty:
            self.write_indent()

    def expect_flow_mapping(self) -> None:
        super().expect_flow_mapping()
        if self._pretty:
            self.write_indent()

    def write_indicator(self, indicator: str, *arguments: Any, **keywords: Any) -> None:
        # Where nothing but blanks stands on the line, the collection is empty and the line is broken already.
        if self._pretty and indicator in {"]", "}"} and not self.indention:
            self.write_indent()
        super().write_indicator(indicator, *arguments, **keywords)
        if self._pretty and indicator == ",":
            self.write_indent()
