"""A refused declaration in words: which argument differs, what it is on both sides, which option decides it, and the way out."""

from __future__ import annotations

import re
from typing import Final

_INEQUIVALENT: Final = re.compile(
    r"inequivalent arg '(?P<name>[^']+)' for (?:queue|exchange) .*?: "
    r"received (?:the value )?(?P<ours>'[^']*'|none)(?: of type '\w+')? but current is (?:the value )?(?P<theirs>'[^']*'|none)"
)
_UNKNOWN_TYPE: Final = re.compile(r"unknown exchange type '([^']*)'")
_PLUGINS: Final = {
    "x-consistent-hash": "rabbitmq_consistent_hash_exchange",
    "x-delayed-message": "rabbitmq_delayed_message_exchange",
    "x-modulus-hash": "rabbitmq_sharding",
    "x-random": "rabbitmq_random_exchange",
    "x-recent-history": "rabbitmq_recent_history_exchange",
}
_BARE: Final = {"durable": "durable", "auto_delete": "autoDelete", "exclusive": "exclusive"}
_TYPE_OPTIONS: Final = {"arg.exchange.": "exchangeType", "arg.dlq.exchange.": "deadLetterExchangeType"}


def explained(kind: str, name: str, reason: str, prefix: str, where: str) -> str:
    """The sentence for a refused declaration. ``prefix`` begins the options that set its arguments, ``reason`` is RabbitMQ's reply."""
    told = f"{kind} {name!r} cannot be declared"
    if where:
        told = f"{where}: {told}"
    plugin = _UNKNOWN_TYPE.search(reason)
    if plugin is not None:
        return f"{told}: the broker knows no exchanges of type {plugin[1]!r}; {_enable(plugin[1])}"
    found = _INEQUIVALENT.search(reason)
    if found is None:
        return f"{told}: {reason}"
    argument = found["name"]
    option = _TYPE_OPTIONS.get(prefix, prefix) if argument == "type" else prefix + _BARE.get(argument, argument)
    ours, theirs = (_shown(found[which]) for which in ("ours", "theirs"))
    removal = f"rabbitmqctl delete_queue {name}" if kind == "queue" else f"delete the exchange {name}"
    return (
        f"{told}: it exists with another {argument}: the route wants {ours}, the broker has {theirs}. Give the route the broker's value "
        f"(option {option}), or have it use what is there (autoDeclare: false), or empty it and delete it on the broker ({removal})"
    )


def _enable(kind: str) -> str:
    plugin = _PLUGINS.get(kind)
    return f"enable its plugin (rabbitmq-plugins enable {plugin})" if plugin else "see the option exchangeType"


def _shown(value: str) -> str:
    return "none" if value == "none" else value.strip("'")
