"""What is written on a message that could not be processed: why, where, when and how often it was tried.

The headers begin with ``esb-``, so that none of them comes in or goes out at an edge. They are short: brokers limit the size of a header table.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from esb.errors import TransportError, ValidationFailed

ROUTE: Final = "esb-failed-route"
STEP: Final = "esb-step"
STEP_AT: Final = "esb-step-at"
ERROR_CLASS: Final = "esb-error-class"
ERROR: Final = "esb-error"
ATTEMPTS: Final = "esb-attempts"
FAILED_AT: Final = "esb-failed-at"
ORIGIN: Final = "esb-origin-queue"
REPORT: Final = "esb-report"
TRIED: Final = "esb-tried"
"""The failed attempts before the last, oldest first, as JSON: see :func:`tried`."""
EDITED: Final = "esb-edited"
"""When somebody changed the message, and who."""

_MAX_ERROR: Final = 2_000
_MAX_REPORT: Final = 16_000
_MAX_TRIED: Final = 10
_MAX_TRIED_ERROR: Final = 300
_USERINFO: Final = re.compile(r"(?<=://)[^/@\s]*@")
_SECRET: Final = re.compile(
    r"""\b((?:[\w-]*(?:password|passwd|secret|token|api[-_]?key)|authorization)["']?\s*[=:]\s*)
        (?:"[^"]*"|'[^']*'|(?:(?:bearer|basic)\ )?[^\s,;&]+)""",
    re.IGNORECASE | re.VERBOSE,
)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The failure and what caused it, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__


def outage(error: BaseException) -> bool:
    """Whether the failure says nothing of the message: a broker that takes nothing just now. The nearest cause that went over a transport decides."""
    nearest = next((cause for cause in causes(error) if isinstance(cause, TransportError)), None)
    return nearest is not None and nearest.outage


def without_secrets(text: str) -> str:
    """The text without user names and passwords in URLs, and without the values of keys that sound secret."""
    return _SECRET.sub(r"\1***", _USERINFO.sub("***@", text))


def history(error: BaseException, *, route: str, step: str, at: str, attempts: int, origin: str) -> dict[str, Any]:
    """The headers for a failed message."""
    headers: dict[str, Any] = {
        ROUTE: route,
        STEP: step,
        STEP_AT: at,
        ERROR_CLASS: f"{type(error).__module__}.{type(error).__qualname__}",
        ERROR: _cut(without_secrets(str(error)), _MAX_ERROR),
        ATTEMPTS: attempts,
        FAILED_AT: dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        ORIGIN: origin,
    }
    report = next(
        (cause.report for cause in causes(error) if isinstance(cause, ValidationFailed) and cause.report), None
    )
    if report:
        headers[REPORT] = report_text(report)
    return {name: value for name, value in headers.items() if value not in {"", None}}


def tried(before: Any, error: BaseException, *, route: str, step: str, attempt: int) -> dict[str, Any]:
    """The header for a message that is tried again: what it says already (``before``) and this attempt; the newest ten are kept."""
    entry = {
        "attempt": attempt,
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        "route": route,
        "step": step,
        "error": _cut(f"{type(error).__qualname__}: {without_secrets(str(error))}", _MAX_TRIED_ERROR),
    }
    entry = {name: value for name, value in entry.items() if value != ""}
    return {TRIED: json.dumps([*tries(before), entry][-_MAX_TRIED:], ensure_ascii=False)}


def tries(text: Any) -> list[dict[str, Any]]:
    """What :func:`tried` wrote; nothing where it is not that."""
    try:
        told = json.loads(text) if isinstance(text, str) else []
    except ValueError:
        return []
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def report_text(report: list[dict[str, Any]]) -> str:
    """A validation report as JSON, with as many of its entries as fit."""
    kept: list[str] = []
    size = 0
    for entry in report:
        told = json.dumps(entry, default=str, ensure_ascii=False)
        size += len(told) + 2
        if size > _MAX_REPORT:
            kept.append(json.dumps({"path": "", "message": f"and {len(report) - len(kept)} more"}))
            break
        kept.append(told)
    return f"[{', '.join(kept)}]"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
