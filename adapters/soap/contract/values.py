"""A sensible text for a simple type: the first that its facets allow. The same for the same type and name each time."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Final

from adapters.soap.contract.model import Facets, Schemas, SimpleType
from adapters.soap.contract.patterns import matches, matching
from adapters.soap.contract.simple import number

_FIXED: Final = {
    "boolean": "true",
    "dateTime": "2026-01-15T12:00:00Z",
    "date": "2026-01-15",
    "time": "12:00:00",
    "duration": "P1D",
    "gYear": "2026",
    "gYearMonth": "2026-01",
    "gMonthDay": "--01-15",
    "gMonth": "--01",
    "gDay": "---15",
    "base64Binary": "c2FtcGxl",
    "hexBinary": "CAFE",
    "anyURI": "http://example.com/",
    "language": "en",
    "QName": "xsi:nil",
    "NOTATION": "xsi:nil",
}
_INTEGERS: Final = {
    "integer": (None, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}
_FRACTIONS: Final = frozenset({"decimal", "float", "double"})
_NAMES: Final = frozenset({"Name", "NCName", "ID", "IDREF", "ENTITY", "IDREFS", "ENTITIES", "NMTOKEN", "NMTOKENS"})


def sample_text(simple: SimpleType, schemas: Schemas, name: str) -> str:
    """A text of the type. ``name`` (of the element or attribute) is what free text consists of."""
    facets = simple.facets
    if facets.enums:
        return next((each for each in facets.enums if each.strip()), facets.enums[0])
    if simple.members:
        first = schemas.type(simple.members[0])
        return sample_text(first, schemas, name) if isinstance(first, SimpleType) else name
    if simple.item:
        item = schemas.type(simple.item)
        one = sample_text(item, schemas, name) if isinstance(item, SimpleType) else name
        return " ".join([one] * (facets.length or facets.min_length or 1))
    typical = _typical(simple)
    # A pattern alone does not know the type: .NET's for durations lets a lone P through.
    if facets.patterns and not (typical is not None and matches(typical, facets.patterns)):
        found = matching(facets.patterns, facets.length or facets.min_length or 0, facets.length or facets.max_length)
        if found is not None and _in_range(found, facets):
            return found
    if typical is not None:
        return typical
    return _sized(_plain(name) if simple.builtin in _NAMES else name, facets)


def _typical(simple: SimpleType) -> str | None:
    """What a number, a date or another type with a notation of its own looks like; None for text."""
    if simple.builtin in _INTEGERS:
        return str(_integer(simple.facets, *_INTEGERS[simple.builtin]))
    if simple.builtin in _FRACTIONS:
        return _fraction(simple.facets)
    if simple.builtin in _FIXED:
        return _temporal(_FIXED[simple.builtin], simple.facets, simple.builtin)
    return None


def _plain(name: str) -> str:
    text = re.sub(r"[^A-Za-z0-9_.-]", "", name)
    return text if text[:1].isalpha() else f"n{text}"


def _sized(text: str, facets: Facets) -> str:
    low = facets.length if facets.length is not None else facets.min_length or 0
    high = facets.length if facets.length is not None else facets.max_length
    if len(text) < low:
        text = (text * (low // max(1, len(text)) + 1) if text else "x" * low)[:low]
    return text if high is None else text[:high]


def _in_range(text: str, facets: Facets) -> bool:
    value = number(text)
    low, high = number(facets.min_inclusive), number(facets.max_inclusive)
    return value is None or not ((low is not None and value < low) or (high is not None and value > high))


def _bounds(facets: Facets, step: Decimal) -> tuple[Decimal | None, Decimal | None]:
    low, high = number(facets.min_inclusive), number(facets.max_inclusive)
    above, below = number(facets.min_exclusive), number(facets.max_exclusive)
    low = above + step if low is None and above is not None else low
    high = below - step if high is None and below is not None else high
    return low, high


def _integer(facets: Facets, least: int | None, most: int | None) -> int:
    low, high = _bounds(facets, Decimal(1))
    low = max((each for each in (low, None if least is None else Decimal(least)) if each is not None), default=None)
    high = min((each for each in (high, None if most is None else Decimal(most)) if each is not None), default=None)
    value = Decimal(1)
    if low is not None and value < low:
        value = low.to_integral_value(rounding="ROUND_CEILING")
    if high is not None and value > high:
        value = high.to_integral_value(rounding="ROUND_FLOOR")
    return int(value)


def _fraction(facets: Facets) -> str:
    digits = min(2, facets.fraction_digits if facets.fraction_digits is not None else 2)
    if facets.total_digits is not None:
        digits = min(digits, max(0, facets.total_digits - 1))
    step = Decimal(1).scaleb(-digits)
    low, high = _bounds(facets, step)
    value = Decimal(1) + step if digits else Decimal(1)
    if low is not None and value < low:
        value = low
    if high is not None and value > high:
        value = high
    return format(value, "f")


def _temporal(text: str, facets: Facets, builtin: str) -> str:
    """The usual moment, unless a bound excludes it; then the bound, or a day beside an exclusive one."""
    low, high = facets.min_inclusive, facets.max_inclusive
    if builtin not in {"date", "dateTime"}:
        sized = {"hexBinary": _hex, "base64Binary": _base64}.get(builtin)
        return sized(facets) if sized is not None else low or high or text
    if low is not None and text < low:
        return low
    if high is not None and text > high:
        return high
    for bound, days in ((facets.min_exclusive, 1), (facets.max_exclusive, -1)):
        if bound is not None and ((text <= bound) if days > 0 else (text >= bound)):
            moved = dt.date.fromisoformat(bound[:10]) + dt.timedelta(days=days)
            return moved.isoformat() + bound[10:]
    return text


def _hex(facets: Facets) -> str:
    octets = facets.length or max(
        facets.min_length or 0, min(2, facets.max_length if facets.max_length is not None else 2)
    )
    return ("CAFE" * octets)[: 2 * octets]


def _base64(facets: Facets) -> str:
    import base64

    high = facets.max_length if facets.max_length is not None else 6
    octets = facets.length or max(facets.min_length or 0, min(6, high))
    return base64.b64encode((b"sample" * octets)[:octets]).decode("ascii")
