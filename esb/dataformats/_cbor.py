"""CBOR (RFC 8949): values of messages as bytes and back, in the form that Jackson gives them; maps have no length, lists have one."""

from __future__ import annotations

import datetime as dt
import decimal
import struct
from collections.abc import Mapping
from typing import Any, Final

from esb.coerce import inner, read_decimal, text
from esb.errors import ConversionFailed, Malformed

_MAX_DEPTH: Final = 200
_BREAK: Final = object()
_MOST_DIGITS: Final = 400
_MOST_BITS: Final = 1400
"""Of a decimal's mantissa: to make decimal digits of bits takes time by their square."""


def encode(value: Any) -> bytes:
    """A value as CBOR. Raises ConversionFailed for what has no form in it."""
    told = bytearray()
    _write(value, told, 0)
    return bytes(told)


def _write(value: Any, told: bytearray, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ConversionFailed(f"the body is nested deeper than {_MAX_DEPTH} levels, or holds itself")
    if value is None or isinstance(value, bool):
        told.append({None: 0xF6, True: 0xF5, False: 0xF4}[value])
    elif isinstance(value, int):
        _whole(value, told)
    elif isinstance(value, decimal.Decimal) and value.is_finite():
        _fraction(value, told)
    elif isinstance(value, (float, decimal.Decimal)):
        told += b"\xfb" + struct.pack(">d", value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        told += _head(2, len(data)) + data
    elif isinstance(value, Mapping):
        told.append(0xBF)
        for key, item in value.items():
            _write(inner(key), told, depth + 1)
            _write(item, told, depth + 1)
        told.append(0xFF)
    elif isinstance(value, (list, tuple)):
        told += _head(4, len(value))
        for item in value:
            _write(item, told, depth + 1)
    elif isinstance(value, (str, dt.date, dt.time)) or hasattr(value, "iterchildren"):
        data = (text(value) or "").encode("utf-8", "surrogatepass")
        told += _head(3, len(data)) + data
    else:
        raise ConversionFailed(f"a {type(value).__name__} has no form in CBOR: a map, a list, a text or a number has")


def _whole(value: int, told: bytearray) -> None:
    kind, size = (0, value) if value >= 0 else (1, -1 - value)
    if size < 1 << 64:
        told += _head(kind, size)
        return
    data = size.to_bytes((size.bit_length() + 7) // 8, "big")
    told.append(0xC2 + kind)  # the tag of a large whole number
    told += _head(2, len(data)) + data


def _fraction(value: decimal.Decimal, told: bytearray) -> None:
    """A decimal with all its digits, as Jackson writes a BigDecimal: a tagged list of exponent and mantissa."""
    sign, digits, exponent = value.as_tuple()
    if len(digits) > _MOST_DIGITS:
        raise ConversionFailed(f"a number of more than {_MOST_DIGITS} digits is not written: round it first")
    mantissa = int("".join(map(str, digits)))
    told += b"\xc4\x82"
    _whole(int(exponent), told)
    _whole(-mantissa if sign else mantissa, told)


def _head(kind: int, size: int) -> bytes:
    if size < 24:
        return bytes([kind << 5 | size])
    for code, length in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if size < 1 << 8 * length:
            return bytes([kind << 5 | code]) + size.to_bytes(length, "big")
    raise ConversionFailed("longer than CBOR can tell")


def decode(data: bytes, *, typed: bool = False) -> Any:
    """The first value of some bytes; what follows it is not read. Raises Malformed.

    ``typed``: for a data type, decimals keep their digits (else they are floats), and a key that occurs twice in a map is refused.
    """
    try:
        value = _Reader(data, typed=typed).value(0)
    except (struct.error, IndexError):
        raise Malformed("the CBOR data are cut off") from None
    except UnicodeDecodeError as error:
        raise Malformed(f"the CBOR data hold a text that is not UTF-8: {error.reason}") from error
    if value is _BREAK:
        raise Malformed("not CBOR data: an end without a beginning")
    return value


class _Reader:
    """A position in bytes. A length never makes room before the bytes are there."""

    def __init__(self, data: bytes, *, typed: bool) -> None:
        self._data = data
        self._typed = typed
        self._at = 0

    def value(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise Malformed(f"the CBOR data are nested deeper than {_MAX_DEPTH} levels")
        first = self._data[self._at]
        self._at += 1
        kind, code = first >> 5, first & 31
        if kind == 7:
            return self._simple(code)
        size = self._size(code)
        if size is None and kind in {0, 1, 6}:
            raise Malformed(f"not CBOR data: byte {self._at - 1}")
        match kind:
            case 0:
                return size
            case 1:
                return -1 - (size or 0)
            case 2:
                return b"".join(self._pieces(2, size))
            case 3:
                return b"".join(self._pieces(3, size)).decode()
            case 4:
                return list(self._items(size, depth))
            case 5:
                return self._map(size, depth)
        return self._tagged(size, self.value(depth + 1))

    def _size(self, code: int) -> int | None:
        if code < 24:
            return code
        if code == 31:
            return None
        if code > 27:
            raise Malformed(f"not CBOR data: byte {self._at - 1}")
        return int.from_bytes(self._take(1 << code - 24), "big")

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise Malformed("the CBOR data are cut off")
        self._at += size
        return taken

    def _pieces(self, kind: int, size: int | None) -> list[bytes]:
        if size is not None:
            return [self._take(size)]
        pieces = []
        while self._data[self._at] != 0xFF:
            head = self._data[self._at]
            self._at += 1
            length = self._size(head & 31)
            if head >> 5 != kind or length is None:
                raise Malformed(f"not CBOR data: byte {self._at - 1}")
            pieces.append(self._take(length))
        self._at += 1
        return pieces

    def _items(self, size: int | None, depth: int) -> Any:
        left = size
        while left != 0:
            item = self.value(depth + 1)
            if item is _BREAK:
                if size is None:
                    return
                raise Malformed("not CBOR data: an end within a list")
            yield item
            left = None if left is None else left - 1

    def _map(self, size: int | None, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in self._items(size, depth):
            item = self.value(depth + 1)
            if item is _BREAK:
                raise Malformed("not CBOR data: a key without a value")
            name = inner(key)
            if self._typed and name in found:  # two readers would take different ones of two values
                raise Malformed(
                    f"not CBOR data that every reader takes for the same: the key {name[:60]!r} occurs twice"
                )
            found[name] = item
        return found

    def _simple(self, code: int) -> Any:
        if code in {20, 21}:
            return code == 21
        if code in {22, 23}:
            return None
        if code in {25, 26, 27}:
            form = {25: ">e", 26: ">f", 27: ">d"}[code]
            return struct.unpack(form, self._take(struct.calcsize(form)))[0]
        if code == 31:
            return _BREAK
        raise Malformed(f"not CBOR data: byte {self._at - 1}")

    def _tagged(self, tag: int | None, value: Any) -> Any:
        """Large whole numbers and decimals; of all other tags the value as it is."""
        if tag == 4:
            told = _decimal(value)
            return told if self._typed else float(told)
        if tag in {2, 3} and isinstance(value, bytes):
            number = int.from_bytes(value, "big")
            return number if tag == 2 else -1 - number
        return value


def _decimal(value: Any) -> decimal.Decimal:
    match value:
        case [int() as exponent, int() as mantissa]:
            if mantissa.bit_length() <= _MOST_BITS and exponent.bit_length() <= 32:
                try:
                    return read_decimal(f"{mantissa}E{exponent}")
                except ConversionFailed:
                    pass
            raise Malformed(f"the CBOR data hold a number of more than {_MOST_DIGITS} digits")
    raise Malformed("not CBOR data: a decimal is a list of its exponent and its mantissa")
