"""Endpoints that nobody consumes or sends to, and names of routes and configurations that are not there."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
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
    inside, outside, senders = Known(own.consumes), Known(beyond.consumes), Known(own.sends)
    for use in own.sends:
        if use.scheme in {"direct", "seda", "bus"} and "*" not in use.name:
            yield from _sent(use, inside if use.scheme in _INSIDE else outside)
    for use in own.consumes if not own.anywhere else ():
        known = use.scheme not in _INSIDE or "*" in use.name
        if not known and not senders.meet(use):
            told = f"no route sends to {use.scheme}:{use.name}"
            hint = "remove the route if nobody calls it from outside, or look for a slip in its name"
            yield Finding(NO_SENDER, told, use.at, hint)
    yield from _names(own)


class Known:
    """Mentions by scheme and name, so that thousands of routes are compared in no time; those with a star one by one."""

    def __init__(self, uses: Iterable[Use]) -> None:
        self._names: defaultdict[str, set[str]] = defaultdict(set)
        self._patterns: list[Use] = []
        for use in uses:
            if "*" in use.name:
                self._patterns.append(use)
            else:
                self._names[use.scheme].add(use.name)

    def meet(self, use: Use) -> bool:
        """Whether one of them can be the same endpoint as this one, whose name has no star."""
        return use.name in self._names[use.scheme] or any(use.meets(pattern) for pattern in self._patterns)

    def names(self, scheme: str) -> list[str]:
        """The names that are known for certain."""
        return sorted(self._names[scheme])


def _sent(use: Use, consumers: Known) -> Iterator[Finding]:
    if consumers.meet(use):
        return
    hint = _near(use.name, consumers.names(use.scheme))
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
