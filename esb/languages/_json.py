"""JSON text to values and back, as Camel's Jackson reads and writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from esb.coerce import Source, octets, text
from esb.errors import Malformed

MAX_BYTES: Final = 64 << 20
"""The largest text that is parsed for an expression."""


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_LENIENT: Final = json.JSONDecoder(parse_constant=_no_constant)


def decode(data: str | bytes) -> Any:
    """The first value in a text; what follows it is ignored and the last of repeated keys counts, as in Jackson.

    Integers keep all digits. Raises Malformed, which tells line and column and never quotes the text.
    """
    import msgspec

    if len(data) > MAX_BYTES:
        raise Malformed(f"the JSON text has {len(data)} bytes; at most {MAX_BYTES} are parsed for an expression")
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError):
        pass  # the slow reader takes text after the value, and tells where it went wrong
    except RecursionError:
        raise Malformed("the JSON text is nested too deep") from None
    try:
        told = data if isinstance(data, str) else data.decode("utf-8")
        start = len(told) - len(told.lstrip(" \t\r\n"))
        return _LENIENT.raw_decode(told, start)[0]
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except UnicodeDecodeError as error:
        raise Malformed(f"not JSON: byte {error.start} is not UTF-8") from None
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from None
    except RecursionError:
        raise Malformed("the JSON text is nested too deep") from None


def is_text(value: Any) -> bool:
    """Whether a value is text or bytes that may hold JSON, in memory or not."""
    return isinstance(value, (str, bytes, bytearray, memoryview, Source)) or hasattr(value, "read")


def text_of(value: Any) -> str | bytes:
    """What :func:`is_text` found, in memory."""
    if isinstance(value, Source):
        return text(value) or "" if value.charset.lower() not in {"", "utf-8", "utf8"} else octets(value)
    return value if isinstance(value, (str, bytes)) else octets(value)


def encode(value: Any) -> str:
    """A value as compact JSON text: a Decimal as a number with its digits, what JSON does not know as its text."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_foreign)
    except _DecimalFound:
        return _written(value)


class _DecimalFound(Exception):
    pass


def _foreign(value: Any) -> Any:
    if isinstance(value, Decimal):
        raise _DecimalFound
    return text(value)


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{json.dumps(str(key), ensure_ascii=False)}:{_written(one)}' for key, one in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_written, value))}]"
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=text)


def pretty(value: Any, indent: str = "") -> str:
    """A value as Jackson prints it for people: maps one entry a line, lists on one line."""
    if isinstance(value, Mapping):
        if not value:
            return "{ }"
        inner = indent + "  "
        entries = ",\n".join(
            f"{inner}{json.dumps(key, ensure_ascii=False)} : {pretty(one, inner)}" for key, one in value.items()
        )
        return f"{{\n{entries}\n{indent}}}"
    if isinstance(value, (list, tuple)):
        return f"[ {', '.join(pretty(one, indent) for one in value)} ]" if value else "[ ]"
    if isinstance(value, float):
        return text(value) or ""
    return encode(value)
