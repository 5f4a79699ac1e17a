"""``controlbus:route?routeId=orders&action=stop`` and ``controlbus:language:simple`` (Camel's controlbus component)."""

from __future__ import annotations

import logging
import threading
from typing import Final

from esb.coerce import text
from esb.component import Component, Endpoint, Producer
from esb.components._evaluating import evaluator, may_evaluate_messages
from esb.components.log.endpoint import LEVELS
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field

log = logging.getLogger("esb.controlbus")

_ACTIONS: Final = ("start", "stop", "fail", "suspend", "resume", "restart", "status", "stats")


class ControlBusEndpoint(Endpoint):
    """Options of ``controlbus:``. As in Camel a command that fails is logged, and the message goes on."""

    command = field(Kind.TEXT, path=True, doc="route, or language:NAME to evaluate the body.", example="route")
    route_id = field(Kind.TEXT, None, doc="The route, or 'current'.")
    action = field(Kind.TEXT, None, enum=_ACTIONS, doc="What to do with it; status makes the status the body.")
    restart_delay = field(Kind.DURATION, 1.0, doc="Time between stop and start of a restart.")
    async_ = field(Kind.BOOL, False, name="async", doc="Do it in the background; then there is no result.")
    logging_level = field(Kind.TEXT, "INFO", enum=(*LEVELS, "OFF"), doc="Level of the line about what was done.")

    def prepare(self) -> None:
        command, _, language = self.command.partition(":")
        if command not in {"route", "language"}:
            raise OptionError(
                f"controlbus: has no command {self.command!r}",
                self.at,
                "write controlbus:route or controlbus:language:simple",
            )
        if command == "route" and not self.action:
            raise OptionError(f"controlbus:route needs an action: {', '.join(_ACTIONS)}", self.at)
        if command == "language":
            may_evaluate_messages(language, "controlbus", self.at)
        self.language = language

    def producer(self) -> ControlBusProducer:
        return ControlBusProducer(self)


class ControlBusComponent(Component):
    """Has no state."""

    schemes = ("controlbus",)
    endpoint_class = ControlBusEndpoint


class ControlBusProducer(Producer):
    """Does the command. Thread-safe."""

    def __init__(self, endpoint: ControlBusEndpoint) -> None:
        self._endpoint = endpoint
        self._level = LEVELS.get(endpoint.logging_level, 0)
        self._compiled = evaluator(endpoint.context, endpoint.language, endpoint.at) if endpoint.language else None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Let restarts wait."""
        self._stopped.clear()

    def stop(self) -> None:
        """End the pauses of restarts."""
        self._stopped.set()

    def send(self, exchange: Exchange) -> None:
        """Do the command; status and an expression's result become the body."""
        endpoint = self._endpoint
        if self._compiled is not None:
            self._evaluate(exchange)
            return
        route_id = exchange.route if endpoint.route_id == "current" else endpoint.route_id
        if not route_id:
            log.warning("%s names no route; nothing is done", endpoint.uri)  # as in Camel
            return
        # A route that stops itself would wait for this very exchange to end.
        own = route_id in {exchange.route, exchange.from_route} and endpoint.action not in {"status", "stats"}
        if endpoint.async_ or own:
            endpoint.context.background(lambda: self._forgotten(route_id))
            return
        result = self._control(route_id)
        if result is not None:
            exchange.message.body = result

    def _forgotten(self, route_id: str) -> None:
        self._control(route_id)

    def _control(self, route_id: str) -> str | None:
        context, action = self._endpoint.context, self._endpoint.action
        result: str | None = None
        try:
            match action:
                case "status":
                    result = context.route_control("status", route_id)
                case "stats":
                    result = "no statistics here: they are among the metrics of the management port"
                case "restart":
                    context.route_control("stop", route_id)
                    self._stopped.wait(self._endpoint.restart_delay)
                    context.route_control("start", route_id)
                case _:
                    context.route_control("stop" if action == "fail" else action, route_id)
        except Exception:
            log.exception("%s failed for route %r", self._endpoint.uri, route_id)
            return None
        if self._level:
            log.log(self._level, "%s of route %s: %s", action, route_id, result or "done")
        return result

    def _evaluate(self, exchange: Exchange) -> None:
        assert self._compiled is not None
        expression = text(exchange.body)
        if expression is None:
            return
        try:
            result = self._compiled(expression)(exchange)
        except Exception:
            log.exception("%s failed on exchange %s", self._endpoint.uri, exchange.id)
            return
        if result is not None and not self._endpoint.async_:
            exchange.message.body = result
