"""The tree of errors, each with a stable code.

::

    EsbError
      + ConfigError          file, line, column, hint: all collected before one is raised
      |   - RouteSyntaxError     ESB-R001   not YAML, or not the shape of a route
      |   - UnknownName          ESB-R012   an unknown step, option, component, language, bean ...; lists the nearest names
      |   - OptionError          ESB-R020   a wrong type or value, or a missing option
      |   - ReferenceFault       ESB-R030   a route, bean, type or endpoint that is named but not there
      |   - ProjectError         ESB-P001   the project's folder or esb.yaml
      |   - ConfigErrors         ESB-R000   the collection of all findings
      + RouteError           a message could not be processed
      |   - StepFailed           ESB-X001
      |   - ExpressionFailed     ESB-X010
      |   - ConversionFailed     ESB-X011
      |   - ValidationFailed     ESB-X020   with a report of every field
      |   - Malformed            ESB-X021   bytes that cannot be read as what they claim to be
      |   - ExchangeTimedOut     ESB-X030
      |   - NoConsumer           ESB-X040
      + TransportError       retriable or not
          - NotConnected         ESB-T001
          - ConnectionLost       ESB-T002
          - DeadlineExceeded     ESB-T003
          - Unroutable           ESB-T010
          - Rejected             ESB-T011
          - RemoteFault          ESB-T020   the other side answered with a fault; ``detail`` is its data

What is done about a failure (redeliver, handle, dead-letter, propagate, discard) is data of the route, not a class here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


class EsbError(Exception):
    """Everything the bus itself raises.

    ``uncertain``: it is about a call that may have had its effect, and nobody has declared that it may have it twice; no source tries it again.
    """

    code: ClassVar[str] = "ESB-0000"
    uncertain = False

    def __str__(self) -> str:
        told = super().__str__()
        return f"{told}; it may have had its effect, and is not declared idempotent" if self.uncertain else told


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a file: 1-based line and column; zero when not known."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Position()


class ConfigError(EsbError):
    """One finding in a configuration file. ``hint`` says how to mend it."""

    code = "ESB-R000"
    level: ClassVar[str] = "error"

    def __init__(self, message: str, at: Position = NOWHERE, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint

    def __str__(self) -> str:
        where = f"{self.at} " if str(self.at) else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}[{self.code}] {self.message}{hint}"


class RouteSyntaxError(ConfigError):
    """Not YAML, or YAML that is not a route."""

    code = "ESB-R001"


class UnknownName(ConfigError):
    """A name nobody provides; ``known`` are the names that would have been understood."""

    code = "ESB-R012"

    def __init__(self, kind: str, name: str, known: Iterable[str] = (), at: Position = NOWHERE, hint: str = "") -> None:
        self.kind = kind
        self.name = name
        self.known = sorted({*known} - {name})  # what was not found can never be meant
        super().__init__(f"unknown {kind} {name!r}", at, hint or did_you_mean(name, self.known))


class OptionError(ConfigError):
    """An option with a wrong type or value, or one that is missing."""

    code = "ESB-R020"


class ReferenceFault(ConfigError):
    """Something that is named but not there."""

    code = "ESB-R030"


class ProjectError(ConfigError):
    """The project's folder or its esb.yaml."""

    code = "ESB-P001"


class ConfigErrors(ConfigError):
    """All findings of a load, in the order of files and lines."""

    code = "ESB-R000"

    def __init__(self, findings: Sequence[ConfigError]) -> None:
        flat = [one for found in findings for one in (found.findings if isinstance(found, ConfigErrors) else (found,))]
        self.findings: tuple[ConfigError, ...] = tuple(sorted(flat, key=lambda f: (f.at.file, f.at.line, f.at.column)))
        super().__init__("\n".join(str(finding) for finding in self.findings))

    def __str__(self) -> str:
        return self.message


class RouteError(EsbError):
    """A message could not be processed; ``__cause__`` is the original where there is one."""

    code = "ESB-X000"


class StepFailed(RouteError):
    """A step failed for a reason of its own."""

    code = "ESB-X001"


class ExpressionFailed(RouteError):
    """An expression could not be evaluated on this message."""

    code = "ESB-X010"


class ConversionFailed(RouteError):
    """A value cannot be had as the wanted type."""

    code = "ESB-X011"


class ValidationFailed(RouteError):
    """Data that breaks its type. ``report`` is a list of ``{"path", "message", "value"?}``, one a field."""

    code = "ESB-X020"

    def __init__(self, message: str, report: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.report = list(report)


class Malformed(ValidationFailed):
    """Bytes that cannot be read as the format they claim to be."""

    code = "ESB-X021"


class ExchangeTimedOut(RouteError):
    """No answer within the time the route gives."""

    code = "ESB-X030"


class NoConsumer(RouteError):
    """A message was sent to an endpoint that nobody consumes from."""

    code = "ESB-X040"


class TransportError(EsbError):
    """The other side could not be reached or did not take the message.

    ``retriable`` says whether trying again may help; ``retry_after`` is in seconds where the other side named it. ``outage`` says that a broker
    takes nothing just now, which tells nothing of this message: a durable source tries it again without counting.
    """

    code = "ESB-T000"
    retriable = True

    def __init__(
        self, message: str, *, endpoint: str = "", retry_after: float | None = None, outage: bool = False
    ) -> None:
        super().__init__(message)
        self.endpoint = endpoint
        self.retry_after = retry_after
        self.outage = outage


class NotConnected(TransportError):
    """No connection, and none within the time allowed."""

    code = "ESB-T001"


class ConnectionLost(TransportError):
    """The connection broke in the middle: the effect on the other side is unknown."""

    code = "ESB-T002"


class DeadlineExceeded(TransportError):
    """The total time for a call ran out: the effect on the other side is unknown."""

    code = "ESB-T003"


class AnswerTooLarge(TransportError):
    """The answer to a call is larger than may be read: the call may have had its effect, and its answer would be no smaller the next time."""

    code = "ESB-T004"
    retriable = False


class Unroutable(TransportError):
    """The channel does not exist."""

    code = "ESB-T010"
    retriable = False


class Rejected(TransportError):
    """The other side refused the message (a full queue, a policy)."""

    code = "ESB-T011"


class RemoteFault(TransportError):
    """The other side understood and answered with a fault: business, not transport."""

    code = "ESB-T020"
    retriable = False

    def __init__(self, message: str, *, endpoint: str = "", fault_code: str = "", detail: Any = None) -> None:
        super().__init__(message, endpoint=endpoint)
        self.fault_code = fault_code
        self.detail = detail


def unknown_outcome(error: BaseException) -> bool:
    """Whether the failure is a call that may have had its effect and may not be made again.

    The nearest cause decides that went over a transport, or that is about the answer to such a call.
    """
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, EsbError) and (cause.uncertain or isinstance(cause, TransportError)):
            return cause.uncertain
        seen.add(id(cause))
        cause = cause.__cause__
    return False


def graver(known: BaseException | None, other: BaseException) -> BaseException:
    """Which of two failures of one message decides what becomes of it: the first, unless only the other leaves open what a call has done.

    Trying the message again over the one would do the other's work twice.
    """
    if known is None or (unknown_outcome(other) and not unknown_outcome(known)):
        return other
    return known


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint naming the nearest known names, or the known ones if they are few; empty if nothing helps."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if not near:
        folded = {candidate.lower(): candidate for candidate in known}
        near = [folded[match] for match in difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)]
    if near:
        return "did you mean " + " or ".join(repr(candidate) for candidate in near) + "?"
    if known and len(known) <= 12:
        return "known: " + ", ".join(known)
    return ""
