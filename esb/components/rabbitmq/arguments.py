"""``arg.queue.x-message-ttl=60000``: arguments of exchanges, queues, bindings and consumers, out of an endpoint's options.

Sections and plain names are Camel's (``durable``, ``autoDelete``, ``exclusive``); values are text in a URI, so those RabbitMQ wants as numbers or
booleans are known here by name.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from esb.fields import truth

SECTIONS: Final = ("consumer", "exchange", "queue", "binding", "dlq.exchange", "dlq.queue", "dlq.binding")
_NUMBERS: Final = frozenset(
    {
        "x-max-length", "x-max-length-bytes", "x-max-priority", "x-delivery-limit", "x-message-ttl", "x-expires", "x-priority",
        "x-quorum-initial-group-size", "x-initial-cluster-size", "x-max-in-memory-length", "x-max-in-memory-bytes",
        "x-stream-max-segment-size-bytes", "x-consumer-timeout", "x-initial-group-size",
    }
)  # fmt: skip
_FLAGS: Final = frozenset(
    {"x-single-active-consumer", "durable", "autoDelete", "exclusive", "internal", "x-stream-match-unfiltered"}
)
_TYPES: Final = ("classic", "quorum", "stream")
_PLAIN: Final = {
    "exchange": ("durable", "autoDelete"),
    "queue": ("durable", "autoDelete", "exclusive"),
    "dlq.exchange": ("durable", "autoDelete"),
    "dlq.queue": ("durable", "autoDelete"),
}
_FREE: Final = ("binding", "dlq.binding")
"""Sections whose names are anybody's: what a headers exchange compares."""
_ZONE: Final = re.compile(r" (\d\d:\d\d)$")
"""An offset from UTC whose plus has become a blank, as it does in URIs."""
_INTERVAL: Final = re.compile(r"\d+[YMDhms]")


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments by section, converted."""

    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, section: str) -> dict[str, Any]:
        """The ``x-`` arguments of a section; for bindings, all."""
        given = self.sections.get(section, {})
        return {name: value for name, value in given.items() if section in _FREE or name not in _PLAIN.get(section, ())}

    def plain(self, section: str, name: str, default: Any) -> Any:
        """One of Camel's plain names."""
        return self.sections.get(section, {}).get(name, default)


def read(options: Mapping[str, str]) -> tuple[Arguments, list[str]]:
    """The arguments of the options that begin with ``arg.``, and what is wrong with them."""
    sections: dict[str, dict[str, Any]] = {}
    wrong: list[str] = []
    for option, text in options.items():
        rest = option.removeprefix("arg.")
        section = next((one for one in SECTIONS if rest.startswith(f"{one}.")), None)
        name = rest.removeprefix(f"{section}.")
        if section is None or not name:
            wrong.append(f"{option!r} names nothing that has arguments; write arg.{{{'|'.join(SECTIONS)}}}.NAME")
            continue
        if (
            section not in _FREE
            and not name.startswith("x-")
            and name not in _PLAIN.get(section, ())
            and section != "exchange"
        ):
            known = ", ".join((*_PLAIN.get(section, ()), "x-..."))
            wrong.append(f"{option!r}: {section} has no argument {name!r} (known: {known})")
            continue
        try:
            sections.setdefault(section, {})[name] = text if section in _FREE else _value(name, text.strip())
        except ValueError as error:
            wrong.append(f"{option!r}: {error}")
    return Arguments(sections), wrong


def _value(name: str, text: str) -> Any:
    if name in _NUMBERS:
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a whole number") from None
    if name in _FLAGS:
        return truth(text)
    if name == "x-queue-type" and text not in _TYPES:
        raise ValueError(f"{text!r} is no type of queue (known: {', '.join(_TYPES)})")
    if name == "x-stream-offset":
        return stream_offset(text)
    return text


def stream_offset(text: str) -> int | str | dt.datetime:
    """Where to begin in a stream: ``first``, ``last``, ``next``, an offset, a point in time (ISO 8601), or an age such as ``1h`` or ``7D``.

    Raises ValueError.
    """
    if text in {"first", "last", "next"} or _INTERVAL.fullmatch(text):
        return text
    if text.isdigit():
        return int(text)
    try:
        moment = dt.datetime.fromisoformat(_ZONE.sub(r"+\1", text))
    except ValueError:
        raise ValueError(
            f"{text!r} is no place in a stream; write first, last, next, an offset, a time such as 2026-11-20T08:00:00, or an age such as 1h"
        ) from None
    return moment if moment.tzinfo else moment.astimezone()
