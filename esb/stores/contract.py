"""What patterns with a memory keep it in: message ids that were seen, groups that are not complete.

Every implementation passes ``esb.testing.store_suite``. All are thread-safe; those on disk are safe between processes of one host.
"""

from __future__ import annotations

import enum
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class Opened(Protocol):
    """A repository with a file or connection."""

    def open(self, folder: Path, scope: str) -> None:
        """Make ready; called at the start of each route that uses it, and undone by as many :meth:`close`.

        ``folder`` is where files go that have no path of their own. ``scope`` names the step that came first: keys of other scopes are not seen,
        unless the repository was given a scope of its own.
        """

    def close(self) -> None:
        """Let go of the file."""
