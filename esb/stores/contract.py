"""What patterns with a memory keep it in: message ids that were seen, groups that are not complete.

Every implementation passes ``esb.testing.store_suite``. All are thread-safe; those on disk are safe between processes of one host.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from esb.exchange import Exchange
from esb.unit import UnitOfWork


class Standing(enum.Enum):
    """What is known of a key."""

    NEW = "new"
    STARTED = "started"
    """A living process works on it, this one or another."""
    DONE = "done"


@runtime_checkable
class IdempotentRepository(Protocol):
    """Keys of messages: *started* when work begins, *done* when it has had its effect.

    Camel's eager repository knows only "seen": a crash between seeing a message and its effect loses it, since the redelivered message is skipped.
    Here what a dead process had started counts as new.
    """

    def begin(self, key: str) -> Standing:
        """Record that work on a key starts, unless it is known. NEW: the caller shall :meth:`complete` or :meth:`abandon` it."""

    def standing(self, key: str) -> Standing:
        """What is known, without recording anything."""

    def complete(self, key: str) -> None:
        """Record that a key is done, whether it was begun or not. As durable as the repository is when it returns."""

    def abandon(self, key: str) -> None:
        """Forget a key. Idempotent."""

    def clear(self) -> None:
        """Forget everything."""


@runtime_checkable
class CompletesLater(Protocol):
    """What an idempotent repository may offer beside :meth:`IdempotentRepository.complete`, so that nobody waits for its disk."""

    def complete_later(self, key: str, done: Callable[[Exception | None], None]) -> None:
        """As ``complete``, but returns at once. ``done`` is called from any thread, when the record is durable or with the failure."""


@dataclass(slots=True)
class Group:
    """Messages put together that are not complete yet."""

    exchange: Exchange
    """What the strategy has made of them."""
    deadline: float | None = None
    """When the group times out, in seconds of the wall clock (it must mean the same to the next process)."""
    units: list[UnitOfWork] = field(default_factory=list)
    """Deliveries that are acknowledged when the group's outcome is known; only where the repository forgets with the process."""


@runtime_checkable
class AggregationRepository(Protocol):
    """Groups by their correlation key, and outcomes that are still under way.

    A durable repository has each message on disk before its delivery is acknowledged, and an outcome until it is confirmed: what a dead process had
    under way comes back from :meth:`recover`.
    """

    durable: bool

    def lock(self) -> AbstractContextManager[None]:
        """Hold while a group is looked up, changed and put back; :meth:`get`, :meth:`put` and :meth:`complete` need it. Reentrant in a thread."""

    def get(self, key: str) -> Group | None:
        """The open group of a key."""

    def put(self, key: str, group: Group) -> None:
        """Keep a group. Raises ConversionFailed if a durable repository cannot write what is in it."""

    def complete(self, key: str, group: Group) -> str:
        """Close a group, which may never have been put: it is no more open, its exchange is kept until :meth:`confirm`. Returns the outcome's id."""

    def confirm(self, outcome: str) -> None:
        """The outcome has had its effect; forget it. Idempotent."""

    def release(self, outcome: str) -> None:
        """The outcome failed, with its failure handled nowhere: it may be recovered from now on."""

    def open_keys(self) -> list[str]:
        """Keys of the open groups."""

    def recover(self) -> list[tuple[str, str, Exchange]]:
        """Outcomes that nobody works on any more, now taken by this process: id, key, exchange."""


class SagaStatus(enum.Enum):
    """Where a saga stands. One that is done is forgotten."""

    RUNNING = "running"
    COMPENSATING = "compensating"
    COMPLETING = "completing"
    FAILED = "failed"
    """Some action failed at every try; kept, and tried again by the next process."""


@dataclass(frozen=True, slots=True)
class Enlisted:
    """A step that takes part in a saga: its action is still to be done at the saga's end."""

    number: int
    step: str
    """Names the step of a route, whose actions are known by that name."""
    options: dict[str, Any]
    """Headers for its actions."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A saga that a dead process had in hand."""

    saga: str
    status: SagaStatus
    completing: bool
    """Whether it ended well, so that completions are what is left to do."""
    automatic: bool
    """Whether it ends with the message that began it: if that died with its process, the saga has failed."""
    deadline: float | None


@runtime_checkable
class SagaLog(Protocol):
    """What is known of sagas. A durable one has each fact on disk when the call returns.

    Raises KeyError for a saga that is not known. Between processes exactly one wins each change of status.
    """

    durable: bool

    def begin(self, *, automatic: bool) -> str:
        """A new saga; the id cannot be guessed, since messages carry it."""

    def status(self, saga: str) -> SagaStatus | None:
        """Where it stands, None if nobody knows it."""

    def enlist(self, saga: str, step: str, options: Mapping[str, Any], deadline: float | None) -> bool:
        """Let a step take part; False if the saga runs no more. ``deadline`` is in seconds of the wall clock."""

    def end(self, saga: str, *, completing: bool) -> list[Enlisted] | None:
        """Change a running saga's status; the steps in the order they came, None if it runs no more."""

    def left(self, saga: str) -> list[Enlisted]:
        """Steps of an ended saga whose action is still to be done."""

    def acted(self, saga: str, number: int) -> None:
        """A step's action has had its effect."""

    def finish(self, saga: str, *, failed: bool) -> None:
        """Forget the saga, or keep it as failed."""

    def recover(self) -> list[Unfinished]:
        """Sagas of dead processes and failed ones, now taken by this process."""


@runtime_checkable
class Opened(Protocol):
    """A repository with a file or connection."""

    def open(self, folder: Path, scope: str) -> None:
        """Make ready; called at the start of each route that uses it, and undone by as many :meth:`close`.

        ``folder`` is where files go that have no path of their own. ``scope`` names the bean, or the step: keys of other scopes are not seen,
        unless the repository was given a scope of its own.
        """

    def close(self) -> None:
        """Let go of the file."""
