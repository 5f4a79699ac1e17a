"""Log lines as JSON on standard output, one a line, with the route and exchange they belong to.

A line never holds a message's body. Values of fields that look like secrets are starred, long ones are cut: a log is read by many.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from typing import Any, Final

from esb.exchange import current

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "route", "exchange"}
_SENSITIVE: Final = re.compile(r"pass|secret|token|credential|authorization|api-?_?key", re.IGNORECASE)
_LONGEST: Final = 8000


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, message, route, exchange, further fields, exception."""

    def __init__(self, instance: str = "") -> None:
        super().__init__()
        self._instance = instance

    def format(self, record: logging.LogRecord) -> str:
        exchange = current.exchange
        told: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": _cut(record.getMessage()),
        }
        if self._instance:
            told["instance"] = self._instance
        route = getattr(record, "route", None) or (exchange.route or exchange.from_route if exchange else None)
        if route:
            told["route"] = route
        exchange_id = getattr(record, "exchange", None) or (exchange.id if exchange else None)
        if exchange_id:
            told["exchange"] = exchange_id
        for name, value in vars(record).items():
            if name not in _OWN and not name.startswith("_"):
                told[name] = "***" if _SENSITIVE.search(name) else _cut(str(value))
        if record.exc_info and record.exc_info[0] is not None:
            told["exception"] = _cut("".join(traceback.format_exception(*record.exc_info)))
        return json.dumps(told, ensure_ascii=False, default=str)


class PlainLines(logging.Formatter):
    """For a person at a terminal: time, level, route, message; control characters are made visible."""

    def format(self, record: logging.LogRecord) -> str:
        exchange = current.exchange
        route = getattr(record, "route", None) or (exchange.route if exchange else "") or record.name
        text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02x}", _cut(record.getMessage()))
        line = f"{time.strftime('%H:%M:%S', time.localtime(record.created))} {record.levelname:<7} {route}: {text}"
        if record.exc_info and record.exc_info[0] is not None:
            line += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        return line


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def configure(level: str = "INFO", *, as_json: bool = True, instance: str = "") -> None:
    """Send all log lines of this process to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(instance) if as_json else PlainLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for chatty in ("pika", "urllib3", "zeep", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
