"""Endpoints that nobody consumes or sends to, and names of routes and configurations that are not there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from esb.dsl.lint.rules import (
    NO_CONSUMER,
    NO_CONSUMER_DIRECT,
    NO_SENDER,
    UNKNOWN_CONFIGURATION,
    UNKNOWN_ROUTE,
    Finding,
)
from esb.dsl.lint.uses import Use, Uses

_INSIDE: Final = frozenset({"direct", "seda"})
"""Schemes of one process; ``bus:`` reaches every instance at the same broker."""

_NUMBERED: Final = re.compile(r"route\d+|.*(?:\{\{|\$).*")
"""Ids that the compiler gives, or that are not known yet."""


def references(own: Uses, beyond: Uses) -> Iterator[Finding]:
    """The findings about one instance; ``beyond`` are the mentions of all instances at its broker, its own among them."""
    for use in own.sends:
        if use.scheme in {"direct", "seda", "bus"} and "*" not in use.name:
            yield from _sent(use, (own if use.scheme in _INSIDE else beyond).consumes)
    for use in own.consumes if not own.anywhere else ():
        known = use.scheme not in _INSIDE or "*" in use.name
        if not known and not any(use.meets(sender) for sender in own.sends):
            told = f"no route sends to {use.scheme}:{use.name}"
            hint = "remove the route if nobody calls it from outside, or look for a slip in its name"
            yield Finding(NO_SENDER, told, use.at, hint)
    yield from _names(own)


def _sent(use: Use, consumers: list[Use]) -> Iterator[Finding]:
    if any(use.meets(consumer) for consumer in consumers):
        return
    known = sorted(
        {consumer.name for consumer in consumers if consumer.scheme == use.scheme and "*" not in consumer.name}
    )
    hint = _near(use.name, known)
    if use.scheme == "direct":
        if use.options.get("failIfNoConsumers") != "false":
            told = f"no route consumes direct:{use.name}"
            yield Finding(NO_CONSUMER_DIRECT, told, use.at, hint or f"add a route from direct:{use.name}")
    elif not use.dead_letters:
        told = f"no route consumes {use.scheme}:{use.name}: what is sent there stays there"
        yield Finding(NO_CONSUMER, told, use.at, hint or "add a route, unless somebody else takes it")


def _near(name: str, known: list[str]) -> str:
    """Only a very near name helps here: channels are often called alike."""
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.8)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""


def _names(own: Uses) -> Iterator[Finding]:
    for name, at in own.named_routes:
        if not _NUMBERED.fullmatch(name) and name not in own.routes:
            yield Finding(UNKNOWN_ROUTE, f"there is no route {name!r}", at, _near(name, own.routes))
    for wanted, at in own.wanted_configurations:
        for pattern in (part.strip() for part in wanted.split(",")):
            if "{{" not in pattern and not any(fnmatchcase(name, pattern) for name in own.configurations):
                told = f"there is no route configuration {pattern!r}"
                yield Finding(UNKNOWN_CONFIGURATION, told, at, _near(pattern, own.configurations))
