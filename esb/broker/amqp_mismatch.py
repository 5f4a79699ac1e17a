"""A refused declaration in words: which argument differs, what it is on the broker, who sets it on our side, and the way out."""

from __future__ import annotations

import re
from typing import Final

_INEQUIVALENT: Final = re.compile(
    r"inequivalent arg '(?P<name>[^']+)' for (?P<kind>queue|exchange) .*?: "
    r"received (?:the value )?(?P<ours>'[^']*'|none)(?: of type '\w+')? but current is (?:the value )?(?P<theirs>'[^']*'|none)"
)
# Who decides an argument of ours: the place to make both the same without touching the broker.
_DECIDED_BY: Final = {
    "x-single-active-consumer": "the options 'exclusive' and 'ordered' of the route's endpoint: say the same on every endpoint of the queue",
    "x-max-length": "the option maxLength of the broker's URL",
    "x-delivery-limit": "the option deliveryLimit of the broker's URL",
    "x-message-ttl": "the step of the delay, which is part of the queue's name",
}
_FOREIGN: Final = (
    "no option: another program, or an older version, made it. Another 'namespace' in the broker's URL avoids it"
)


def explained(kind: str, name: str, wire: str, reason: str) -> str:
    """The sentence for a declaration of ``kind`` that the route calls ``name`` and RabbitMQ ``wire``; ``reason`` is the broker's reply."""
    found = _INEQUIVALENT.search(reason)
    if found is None:
        return f"{kind} {name!r} cannot be declared as {wire!r}: {reason}"
    argument = found["name"]
    ours, theirs = (_shown(found[which]) for which in ("ours", "theirs"))
    removal = f"rabbitmqctl delete_queue {wire}" if kind in {"queue", "delay"} else f"delete the exchange {wire}"
    return (
        f"{kind} {name!r} cannot be declared as {wire!r}: its argument {argument} differs: we want {ours}, the broker has {theirs}. "
        f"It is decided by {_DECIDED_BY.get(argument, _FOREIGN)}. Or empty it and delete it on the broker ({removal}) and start again"
    )


def _shown(value: str) -> str:
    return "none" if value == "none" else value.strip("'")
