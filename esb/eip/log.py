"""``log``: writes a line to the log (Camel's Log EIP)."""

from __future__ import annotations

import logging
from typing import Any, Final

from esb.coerce import inner, text
from esb.exchange import Exchange
from esb.expression import Expression
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec

_LEVELS: Final = {
    "TRACE": 5,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
}
logging.addLevelName(5, "TRACE")


class LogSpec(StepSpec):
    """Write a line to the log. The message is evaluated only if its level is written."""

    name = "log"
    message = field(Kind.TEXT, scalar=True, raw=True, doc="The line, in simple.", example="got ${body}")
    logging_level = field(Kind.TEXT, "INFO", enum=(*_LEVELS, "OFF"), doc="Its level.")
    log_name = field(
        Kind.TEXT,
        None,
        doc="Name of the logger, the route's id unless given; may hold ${routeId}, ${nodeId} and ${contextId}.",
        example="orders.audit",
    )
    marker = field(Kind.TEXT, None, doc="A word that goes with the line, as a field of its own.")
    logger = field(Kind.REF, None, doc="A logger among the beans.")
    log_language = field(Kind.TEXT, None, doc="Language of the message, if not simple.", example="jsonpath")

    def build(self, builder: Builder) -> Step | None:
        language = builder.context.language(self.log_language or "simple")
        evaluate = builder.expression(language(self.at, expression=self.message))
        if builder.log_mask:
            evaluate = _masking(evaluate)
        if self.logging_level == "OFF":
            return None
        logger = (
            builder.reference(self.logger, self.at) if self.logger else logging.getLogger(self._logger_name(builder))
        )
        level = _LEVELS[self.logging_level]
        extra: dict[str, Any] | None = {"marker": self.marker} if self.marker else None
        written, write = logger.isEnabledFor, logger.log

        def log(exchange: Exchange) -> None:
            if written(level):
                write(level, "%s", inner(evaluate(exchange)), extra=extra)

        return log

    def _logger_name(self, builder: Builder) -> str:
        name: str = self.log_name or builder.route_id
        known = {"routeId": builder.route_id, "nodeId": self.id or self.name, "contextId": builder.context.name}
        for token, value in known.items():
            name = name.replace(f"${{{token}}}", value)
        return name

    def sentence(self) -> str:
        return f"log: {self.message.strip()}"


def _masking(evaluate: Expression) -> Expression:
    """The line without values of secrets, where the route says ``logMask``."""
    from esb.eip._masking import masked  # its patterns are needed by few routes

    return lambda exchange: masked(text(evaluate(exchange)) or "")
