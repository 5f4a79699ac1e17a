"""A broker from a URL: ``sqlite:PATH``, ``memory:`` or ``memory:NAME``, ``amqp://…``, ``amqps://…``.

The implementation is imported only when a URL names it: a project on the embedded broker never loads pika.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esb.broker.contract import Broker
from esb.broker.url import options
from esb.errors import OptionError, UnknownName

_SCHEMES = ("amqp", "amqps", "memory", "sqlite")
_memory_stores: dict[str, Any] = {}


def open_broker(url: str, *, on_state: Callable[[str], None] | None = None) -> Broker:
    """The broker that the URL names, not yet opened. ``on_state`` is called with each new :attr:`Broker.state`, on the broker's thread.

    ``sqlite:data/bus.db?window=1000&publishTimeout=30&lease=30&idlePoll=0.05``: a path, relative to the current folder, and options of
    :class:`esb.broker.sqlite_ops.Settings`. ``memory:NAME`` shares its store with other brokers of that name in this process. For ``amqp:`` see
    :mod:`esb.broker.amqp`. Raises :class:`OptionError` or :class:`UnknownName`.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or scheme not in _SCHEMES:
        raise UnknownName(
            "broker scheme", scheme, _SCHEMES, hint="write sqlite:PATH, memory: or amqp://user:password@host/vhost"
        )
    if scheme == "memory":
        return _memory(rest, on_state)
    if scheme == "sqlite":
        return _sqlite(rest, on_state)
    from esb.broker.amqp import AmqpBroker
    from esb.broker.amqp_url import parse

    return AmqpBroker(parse(url), on_state=on_state)


def _memory(name: str, on_state: Callable[[str], None] | None) -> Broker:
    from esb.broker.memory import MemoryBroker
    from esb.broker.memory_store import MemoryStore

    store = _memory_stores.setdefault(name, MemoryStore()) if name else MemoryStore()
    return MemoryBroker(store, on_state=on_state)


def _sqlite(rest: str, on_state: Callable[[str], None] | None) -> Broker:
    from esb.broker.sqlite import SqliteBroker
    from esb.broker.sqlite_ops import Settings

    path, _, query = rest.partition("?")
    path = path.removeprefix("//")  # sqlite:///absolute, as other programs write it
    if not path:
        raise OptionError(
            "the broker URL 'sqlite:' names no file", hint="write sqlite:PATH, for example sqlite:data/bus.db"
        )
    return SqliteBroker(path, options(query, Settings(), "sqlite"), on_state=on_state)
