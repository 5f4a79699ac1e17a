"""``json``: values as JSON text, by Jackson's rules as Camel configures it, and held against a data type where one is named."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from esb.coerce import is_element, octets, read_decimal, text
from esb.component import Context
from esb.dataformat import DataFormat, DataFormatSpec
from esb.dataformats._typed import data_type, fitting
from esb.errors import ConversionFailed, Malformed
from esb.exchange import Exchange
from esb.fields import Kind, field

_again = msgspec.json.Encoder(decimal_format="number").encode
_BEYOND_BASE = re.compile("[\U00010000-\U0010ffff]")


class Json(DataFormatSpec):
    """JSON."""

    name = "json"
    library = field(
        Kind.TEXT,
        "Jackson",
        enum=("Fastjson", "Gson", "Jackson", "Johnzon", "Jsonb"),
        doc="Accepted for Camel's sake.",
    )
    unmarshal_type = field(
        Kind.TEXT,
        None,
        aliases=("unmarshalTypeName",),
        doc="Data type that the value is held against.",
        example="crm.Order",
    )
    use_list = field(Kind.BOOL, False, doc="The text holds a list.")
    pretty_print = field(Kind.BOOL, False, doc="Write it for people.")
    include = field(
        Kind.TEXT,
        None,
        enum=("ALWAYS", "NON_NULL", "NON_EMPTY", "NON_DEFAULT", "NON_ABSENT"),
        doc="Leave out nulls, or empty values.",
    )
    enable_features = field(Kind.NAMES, (), doc="Jackson's features; ORDER_MAP_ENTRIES_BY_KEYS sorts keys.")
    disable_features = field(Kind.NAMES, (), doc="Accepted for Camel's sake.")
    content_type_header = field(Kind.BOOL, True, doc="Whether Content-Type is set.")
    allow_unmarshall_type = field(Kind.BOOL, False, doc="Accepted without effect: a header must not choose the type.")
    allow_jms_type = field(Kind.BOOL, False)
    collection_type = field(Kind.TEXT, None)
    json_view = field(Kind.TEXT, None)
    module_class_names = field(Kind.TEXT, None)
    module_refs = field(Kind.TEXT, None)
    naming_strategy = field(Kind.TEXT, None)
    object_mapper = field(Kind.REF, None)
    use_default_object_mapper = field(Kind.BOOL, True)
    auto_discover_object_mapper = field(Kind.BOOL, False)
    auto_discover_schema_resolver = field(Kind.BOOL, True)
    schema_resolver = field(Kind.REF, None)
    timezone = field(Kind.TEXT, None)
    date_format_pattern = field(Kind.TEXT, None)
    max_string_length = field(Kind.INT, None)
    combine_unicode_surrogates = field(Kind.BOOL, False, doc="Write characters beyond the base plane as they are.")

    def build(self, context: Context) -> DataFormat:
        return JsonFormat(self, data_type(context, self.unmarshal_type, self.at))


class JsonFormat:
    """Decodes and encodes by msgspec. Stateless after construction."""

    def __init__(self, spec: Json, kind: Any | None) -> None:
        self._kind = kind
        self._use_list = spec.use_list
        self._fits = fitting(spec.unmarshal_type, use_list=spec.use_list)
        self._pretty = spec.pretty_print
        self._content_type = spec.content_type_header
        self._combine = spec.combine_unicode_surrogates
        # Decimals stay exact where a data type will ask for them; plain values are floats, as in Camel.
        self._decode: Callable[[bytes | str], Any] = msgspec.json.Decoder(float_hook=_number if kind else None).decode
        self._ordered = "ORDER_MAP_ENTRIES_BY_KEYS" in spec.enable_features
        order: Any = "sorted" if self._ordered else None
        self._encode = msgspec.json.Encoder(enc_hook=_foreign, decimal_format="number", order=order).encode
        self._keep = {"NON_NULL": _not_null, "NON_EMPTY": _not_empty, "NON_ABSENT": _not_null}.get(spec.include or "")

    def marshal(self, exchange: Exchange, value: Any) -> bytes:
        if self._kind is not None:
            value = [self._kind.dump(item) for item in value] if isinstance(value, list) else self._kind.dump(value)
        if self._keep is not None:
            value = _kept(value, self._keep)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        try:
            encoded = (
                _pretty(value, "", self._encode, ordered=self._ordered).encode()
                if self._pretty
                else self._encode(value)
            )
        except (TypeError, ValueError, RecursionError) as error:
            raise ConversionFailed(f"the body cannot be written as JSON: {error}") from error
        if not self._combine and not encoded.isascii():
            encoded = _BEYOND_BASE.sub(_surrogates, encoded.decode()).encode()
        if self._content_type:
            exchange.message.headers["Content-Type"] = "application/json"
        return encoded

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        source = data if isinstance(data, (bytes, str)) else octets(data)
        try:
            value = self._decode(source)
        except msgspec.ValidationError as error:  # of _number, or of an integer's length: nothing else is asked for
            if self._kind is not None:
                with contextlib.suppress(msgspec.DecodeError):
                    self._load(self._fits(_endless(source)))  # the type names the field, where it wants a number there
            raise Malformed(f"the body is not JSON: {error}") from error
        except msgspec.DecodeError as error:
            value = self._before_trailing(source, error)
        except (RecursionError, UnicodeError) as error:
            raise Malformed(f"the body is not JSON: {error}") from error
        value = self._fits(value)
        if self._kind is None:
            return value
        if _may_repeat(source, value):
            _refuse_repeats(source)
        return self._load(value)

    def _load(self, value: Any) -> Any:
        assert self._kind is not None
        return [self._kind.load(item) for item in value] if self._use_list else self._kind.load(value)

    def _before_trailing(self, source: bytes | str, error: msgspec.DecodeError) -> Any:
        """Jackson reads one value and ignores what follows it; so the value is cut out and read again by the strict decoder."""
        # What is held against a type is taken by the letter: another system may read a text with something behind it differently.
        if "trailing" not in str(error) or self._kind is not None:
            raise Malformed(f"the body is not JSON: {error}") from error
        told = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
        start = len(told) - len(told.lstrip())
        try:
            _, end = json.JSONDecoder().raw_decode(told, start)
            return self._decode(told[start:end])
        except (ValueError, RecursionError, msgspec.DecodeError) as again:
            raise Malformed(f"the body is not JSON: {again}") from again


def _number(told: str) -> Decimal:
    try:
        return read_decimal(told)
    except ConversionFailed as error:
        raise ValueError(str(error)) from None  # which the decoder tells with its place


def _finite(told: str) -> Decimal:
    try:
        return read_decimal(told)
    except ConversionFailed:
        return Decimal("Infinity")


_endless: Final[Callable[[bytes | str], Any]] = msgspec.json.Decoder(float_hook=_finite).decode
"""Numbers of too many digits as infinite ones, which no field of a number takes."""


def _may_repeat(source: bytes | str, value: Any) -> bool:
    """Whether a key may occur twice in an object, of which the decoder keeps the last: far cheaper than looking, and right whenever it says no.

    Each key has a colon. Written again, the value has as many colons, or a key was dropped: unless one that was escaped makes up for it.
    """
    if isinstance(source, str):
        source = source.encode()
    if b"\\" in source and b"\\u003" in source:
        return True
    return source.count(b":") != _again(value).count(b":")


def _refuse_repeats(source: bytes | str) -> None:
    try:
        json.loads(source, object_pairs_hook=_distinct)
    except RecursionError as error:
        raise Malformed("the body is not JSON that can be read: it is nested too deeply") from error


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise Malformed(
                f"the body is not JSON that every reader takes for the same: the key {key[:60]!r} occurs twice in an object"
            )
        seen.add(key)


def _foreign(value: Any) -> Any:
    """Values that JSON does not know: elements and sources as text."""
    if is_element(value) or hasattr(value, "open") or hasattr(value, "read"):
        return text(value)
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(f"a {type(value).__name__} has no form in JSON")


def _surrogates(found: re.Match[str]) -> str:
    point = ord(found[0]) - 0x10000
    return f"\\u{0xD800 + (point >> 10):04X}\\u{0xDC00 + (point & 0x3FF):04X}"


def _not_null(value: Any) -> bool:
    return value is not None


def _not_empty(value: Any) -> bool:
    return value is not None and value not in ("", [], {})


def _kept(value: Any, keep: Callable[[Any], bool]) -> Any:
    if isinstance(value, Mapping):
        return {key: _kept(item, keep) for key, item in value.items() if keep(item)}
    if isinstance(value, list):
        return [_kept(item, keep) for item in value]
    return value


def _pretty(value: Any, indent: str, leaf: Callable[[Any], bytes], *, ordered: bool) -> str:
    """Jackson's default pretty printer: two blanks, lists on one line, ``"a" : 1``."""
    if isinstance(value, Mapping):
        if not value:
            return "{ }"
        inner = indent + "  "
        pairs = sorted(value.items()) if ordered else value.items()
        lines = [
            f"{inner}{leaf(str(key)).decode()} : {_pretty(item, inner, leaf, ordered=ordered)}" for key, item in pairs
        ]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, (list, tuple)):
        return f"[ {', '.join(_pretty(item, indent, leaf, ordered=ordered) for item in value)} ]" if value else "[ ]"
    return leaf(value).decode()
