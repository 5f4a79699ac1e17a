"""What can be wrong with the sources of routes, found without starting any: options of a consumer, two routes at one place."""

from __future__ import annotations

from typing import Any, Final

from esb.component import Consumer
from esb.context import RouteContext
from esb.errors import ConfigError, ConfigErrors, Position

_CALLED: Final = frozenset({"direct", "platform-http", "soap"})
"""Sources whose start takes a name or a path in this process and does nothing else: two routes that want the same one are found by starting them."""


def check_sources(context: RouteContext) -> None:
    """Make the consumer of every route that starts on its own. Raises ConfigErrors with all findings; nothing is left started."""
    findings: list[ConfigError] = []
    started: list[Consumer] = []
    for route in context.routes.values():
        if not route.auto_startup:
            continue
        try:
            consumer: Any = route.endpoint.consumer(route.deliver)
            if route.endpoint.scheme in _CALLED:
                if getattr(consumer, "wants_process", False):
                    consumer.process = route.process
                consumer.start()
                started.append(consumer)
        except ConfigErrors as errors:
            findings += errors.findings
        except ConfigError as error:
            findings.append(error if error.at.line else _placed(error, route.endpoint.at))
    for consumer in started:
        consumer.stop(0)
    if findings:
        raise ConfigErrors(findings)


def _placed(error: ConfigError, at: Position) -> ConfigError:
    """The finding at the place of its route's source."""
    error.at = at
    return error
