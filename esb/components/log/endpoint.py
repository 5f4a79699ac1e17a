"""``log:logger``: writes exchanges to the log, as Camel's log component does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from esb.component import Component, Endpoint, Producer
from esb.components.log.text import ExchangeFormat
from esb.components.log.throughput import Throughput, ThroughputProducer
from esb.exchange import Exchange
from esb.fields import Kind, field

LEVELS: Final = {
    "TRACE": 5,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
}


class LogEndpoint(Endpoint):
    """Options of ``log:``. What is shown by default: pattern, type of the body, body."""

    name = field(
        Kind.TEXT, "", path=True, doc="Name of the logger.", example="orders.received", aliases=("loggerName",)
    )
    level = field(Kind.TEXT, "INFO", enum=(*LEVELS, "OFF"), doc="Level of the lines.")
    marker = field(Kind.TEXT, None, doc="A mark on the log records (attribute ``marker``).")
    show_all = field(Kind.BOOL, False, doc="Show everything but files, streams and exceptions.")
    show_body = field(Kind.BOOL, True, doc="Show the body.")
    show_body_type = field(Kind.BOOL, True, doc="Show the type of the body, by its Java name.")
    show_headers = field(Kind.BOOL, False, doc="Show the headers, sorted by name.")
    show_properties = field(Kind.BOOL, False, doc="Show the exchange properties that routes set.")
    show_all_properties = field(Kind.BOOL, False, doc="Show all exchange properties, internal ones too.")
    show_variables = field(Kind.BOOL, False, doc="Show the variables.")
    show_exchange_id = field(Kind.BOOL, False, doc="Show the id of the exchange.")
    show_exchange_pattern = field(Kind.BOOL, False, doc="Show the pattern; shown anyway while no other option is set.")
    show_route_id = field(Kind.BOOL, False, doc="Show the id of the route.")
    show_route_group = field(Kind.BOOL, False, doc="Show the group of the route; without effect.")
    show_exception = field(Kind.BOOL, False, doc="Show the failure that nobody has handled yet.")
    show_caught_exception = field(Kind.BOOL, False, doc="Show the failure that is being handled.")
    show_stack_trace = field(Kind.BOOL, False, doc="Show the traceback of the failure.")
    show_files = field(Kind.BOOL, False, doc="Show the content of a body that is a file.")
    show_streams = field(Kind.BOOL, False, doc="Show the content of a body that is a stream.")
    show_cached_streams = field(Kind.BOOL, True, doc="Show the content of a body that can be read again.")
    show_future = field(Kind.BOOL, False, doc="Java only, accepted without effect.")
    multiline = field(Kind.BOOL, False, doc="A line for each part.")
    style = field(Kind.TEXT, "Default", enum=("Default", "Tab", "Fixed"), doc="How the parts are set apart.")
    max_chars = field(Kind.INT, 10000, doc="Cut what is logged to this length.")
    skip_body_line_separator = field(Kind.BOOL, True, doc="Leave line breaks of the body out.")
    plain = field(Kind.BOOL, False, doc="Only the body.")
    log_mask = field(Kind.BOOL, False, doc="Replace values of password, secret and the like by xxxxx.")
    exchange_formatter = field(Kind.REF, None, doc="A bean (callable) that makes the text of an exchange.")
    source_location_logger_name = field(Kind.BOOL, False, doc="Accepted without effect.")
    group_size = field(Kind.INT, None, doc="Log the throughput of each group of so many messages instead of messages.")
    group_interval = field(Kind.DURATION, None, doc="Log the throughput once in this time instead of messages.")
    group_delay = field(Kind.DURATION, 0.0, doc="Time before the first line of groupInterval.")
    group_active_only = field(Kind.BOOL, True, doc="With groupInterval: no line when nothing came.")

    def producer(self) -> Producer:
        if self.group_size or self.group_interval:
            level = LEVELS.get(self.level, 0)
            return ThroughputProducer(
                Throughput(logging.getLogger(self.name), level),
                self.context,
                size=self.group_size or 0,
                interval=self.group_interval or 0.0,
                delay=self.group_delay,
                active_only=self.group_active_only,
            )
        return LogProducer(self, self._format())

    def _format(self) -> Callable[[Exchange], str]:
        if self.exchange_formatter:
            name = self.exchange_formatter.removeprefix("#bean:").removeprefix("#")
            made: Callable[[Exchange], str] = self.context.lookup("bean", name)
            return made
        shown = {name for name in self.fields if name.startswith("show") and getattr(self, self.fields[name].attribute)}
        changed = any(
            getattr(self, self.fields[name].attribute) != self.fields[name].default
            for name in (
                *(name for name in self.fields if name.startswith("show") and name != "showExchangePattern"),
                *("multiline", "style", "maxChars", "skipBodyLineSeparator", "plain", "logMask"),
            )
        )
        if not changed:
            shown.add("showExchangePattern")
        return ExchangeFormat(
            shown,
            multiline=self.multiline,
            style=self.style,
            max_chars=self.max_chars,
            one_line_body=self.skip_body_line_separator,
            plain=self.plain,
            mask=self.log_mask,
        )


class LogComponent(Component):
    """Has no state."""

    schemes = ("log",)
    endpoint_class = LogEndpoint


class LogProducer(Producer):
    """A line for each exchange; nothing is formatted when the level is off. Thread-safe."""

    def __init__(self, endpoint: LogEndpoint, text: Callable[[Exchange], str]) -> None:
        self._log = logging.getLogger(endpoint.name)
        self._level = LEVELS.get(endpoint.level)
        self._text = text
        self._extra = {"marker": endpoint.marker} if endpoint.marker else None

    def send(self, exchange: Exchange) -> None:
        """Log the exchange."""
        if self._level is not None and self._log.isEnabledFor(self._level):
            self._log.log(self._level, "%s", self._text(exchange), extra=self._extra)
