"""``${date:command:pattern}`` and ``${date-with-timezone:command:zone:pattern}``.

The command is ``now``, ``millis``, ``header.name``, ``variable.name``, ``exchangeProperty.name`` or ``file``, with offsets behind it
(``now+24h``, ``header.d-1h30m``). A value is a date or whole milliseconds since 1970.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Callable
from typing import Any, Final

from esb.exchange import Exchange
from esb.expression import Expression
from esb.javanames import IllegalArgumentException
from esb.languages.simple.dateformat import formatter
from esb.languages.simple.functions import Call, function

_OFFSETS: Final = re.compile(r"\s*[+-]\s*\d")
_OFFSET: Final = re.compile(r"([+-])\s*([^+-]+)")
_PART: Final = re.compile(r"(\d+)\s*(ms|[dhms]?)")
_UNITS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1, "": 1}
_GMT: Final = re.compile(r"GMT([+-])(\d{1,2})(?::?(\d\d))?")
_SHORT_NAMES: Final = {
    "EST": "America/Panama",
    "MST": "America/Phoenix",
    "HST": "Pacific/Honolulu",
    "PST": "America/Los_Angeles",
    "CST": "America/Chicago",
    "AST": "America/Anchorage",
    "PNT": "America/Phoenix",
    "IET": "America/Indiana/Indianapolis",
    "PRT": "America/Puerto_Rico",
    "CNT": "America/St_Johns",
    "AGT": "America/Argentina/Buenos_Aires",
    "BET": "America/Sao_Paulo",
    "ECT": "Europe/Paris",
    "ART": "Africa/Cairo",
    "CAT": "Africa/Harare",
    "EAT": "Africa/Addis_Ababa",
    "NET": "Asia/Yerevan",
    "PLT": "Asia/Karachi",
    "IST": "Asia/Kolkata",
    "BST": "Asia/Dhaka",
    "VST": "Asia/Ho_Chi_Minh",
    "CTT": "Asia/Shanghai",
    "JST": "Asia/Tokyo",
    "ACT": "Australia/Darwin",
    "AET": "Australia/Sydney",
    "SST": "Pacific/Guadalcanal",
    "NST": "Pacific/Auckland",
    "MIT": "Pacific/Apia",
}
"""Java's three-letter names of zones (``ZoneId.SHORT_IDS``)."""
_SMALLEST: Final = 1 << 31
"""A smaller number is an Integer in Java, not the Long that milliseconds are."""


@function("date")
def date(call: Call) -> Expression:
    """A date, or its text by a pattern in the time zone of the process."""
    command, colon, pattern = call.rest[1:].partition(":")
    if not call.rest.startswith(":") or not command:
        raise call.misused("date:command}, ${date:command:pattern")
    return _dated(command, pattern if colon else "", None)


@function("date-with-timezone")
def date_with_timezone(call: Call) -> Expression:
    """A date's text by a pattern in a named time zone; a zone nobody knows is GMT."""
    usage = "date-with-timezone:command:timezone:pattern"
    parts = call.rest[1:].split(":", 2)
    if not call.rest.startswith(":") or len(parts) < 3:
        raise call.misused(usage)
    command, zone, pattern = parts
    # GMT+05:30 has a colon of its own.
    minutes = re.match(r"(\d\d):", pattern) if re.fullmatch(r"GMT[+-]\d\d", zone) else None
    if minutes:
        zone, pattern = f"{zone}:{minutes[1]}", pattern[3:]
    return _dated(command, pattern, _zone(zone) if zone else None)


def _zone(name: str) -> dt.tzinfo:
    offset = _GMT.fullmatch(name)
    if offset:
        moved = dt.timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        told = f"GMT{offset[1]}{int(offset[2]):02d}:{offset[3] or '00'}"
        return dt.timezone(moved if offset[1] == "+" else -moved, told if moved else "GMT")
    try:
        return zoneinfo.ZoneInfo(_SHORT_NAMES.get(name, name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.timezone(dt.timedelta(), "GMT")


def _dated(command: str, pattern: str, zone: dt.tzinfo | None) -> Expression:
    found = _OFFSETS.search(command)
    name, moved = (command, 0) if not found else (command[: found.start()].strip(), _millis(command[found.start() :]))
    get = _source(name.strip())
    if pattern:
        try:
            write = formatter(pattern)
        except ValueError as error:
            return _failing(str(error))
    else:
        write = None

    def evaluate(exchange: Exchange) -> Any:
        millis = get(exchange) + moved
        try:
            moment = dt.datetime.fromtimestamp(millis // 1000, dt.UTC).replace(microsecond=millis % 1000 * 1000)
            moment = moment.astimezone(zone)
        except (ValueError, OverflowError, OSError):
            raise IllegalArgumentException(
                f"{millis} milliseconds since 1970 is no date between the years 1 and 9999"
            ) from None
        return moment if write is None else write(moment)

    if name == "millis" and not pattern:
        return lambda exchange: get(exchange) + moved
    return evaluate


def _millis(offsets: str) -> int:
    """The sum of offsets such as ``+1d2h-30m``; a bare number is milliseconds, what is no duration counts nothing."""
    total = 0
    for sign, amount in _OFFSET.findall(offsets):
        parts = _PART.findall(amount)
        readable = "".join(count + unit for count, unit in parts) == amount.replace(" ", "")
        # A number without a unit is milliseconds where it stands alone, and nothing behind others: so Camel reads 1h30.
        told = sum(int(count) * _UNITS[unit] for count, unit in parts if unit or len(parts) == 1) if readable else 0
        total += told if sign == "+" else -told
    return total


def _source(name: str) -> Callable[[Exchange], int]:
    if name in {"now", "millis"}:
        import time

        return lambda _exchange: time.time_ns() // 1_000_000
    kind, _, key = name.partition(".")
    getters: dict[str, Callable[[Exchange], Any]] = {
        "header": lambda exchange: exchange.message.headers.get(key),
        "variable": lambda exchange: exchange.variables.get(key),
        "exchangeProperty": lambda exchange: exchange.properties.get(key),
        "file": lambda exchange: exchange.message.headers.get("CamelFileLastModified"),
        "exchangeCreated": lambda exchange: int(exchange.id[:12], 16),
    }
    get = getters.get(kind)
    if get is None or (not key and kind not in {"file", "exchangeCreated"}):
        return _unsupported(name)

    def millis(exchange: Exchange) -> int:
        value = get(exchange)
        if isinstance(value, dt.datetime):
            return round(value.timestamp() * 1000)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _SMALLEST:
            return value
        raise IllegalArgumentException(
            f"${{date:{name}}} found no date or milliseconds there, but a {type(value).__name__}"
        )

    return millis


def _unsupported(name: str) -> Callable[[Exchange], int]:
    def fail(_exchange: Exchange) -> int:
        raise IllegalArgumentException(
            f"${{date:{name}}} is not understood: write now, header.name, variable.name, exchangeProperty.name or file"
        )

    return fail


def _failing(message: str) -> Expression:
    def fail(_exchange: Exchange) -> Any:
        raise IllegalArgumentException(message)

    return fail
