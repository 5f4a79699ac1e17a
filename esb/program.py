"""The compiled form of a list of steps: a flat tuple of callables and the loop that runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import length_hint
from typing import Protocol

from esb.errors import Position
from esb.exchange import Exchange, Message

Step = Callable[[Exchange], None]
"""A compiled step. Changes the exchange in place; raises on failure; sets ``exchange.halted`` to end the route."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a step is called and where it stands: for failures, history and descriptions."""

    id: str
    at: Position
    sentence: str
    inner: tuple[Label, ...] = ()
    """The steps inside it."""


class FailureHandler(Protocol):
    """What a route does about a failure of one of its steps."""

    redelivers: bool
    """Whether any policy tries a step again: then the program keeps the message as it was given to each step."""

    def failed(self, exchange: Exchange, error: Exception, program: Program, at: int, before: Message | None) -> int:
        """Deal with the failure of ``program.steps[at]``; return the index to go on with.

        Redelivery happens inside (the handler calls the step again). ``len(program)`` ends the program; a handled failure also sets
        ``exchange.halted``. Raises when nobody handled it, with ``exchange.exhausted`` set so that no outer handler acts again.
        ``before`` is the message as the step got it, when ``redelivers``.
        """


class Program:
    """A flat tuple of steps with one ``try`` around the loop.

    On a failure the handler is asked and the loop goes on where it says: redelivery at the failing step costs nothing while all goes well.
    Immutable, shared by all threads. ``handler`` None means that failures go to the caller as they are (inside doTry, noErrorHandler).
    """

    __slots__ = ("_snapshots", "handler", "labels", "step", "steps")

    def __init__(
        self, steps: tuple[Step, ...], handler: FailureHandler | None = None, labels: tuple[Label, ...] = ()
    ) -> None:
        self.steps = steps
        self.labels = labels
        self.handler = handler
        self._snapshots = handler is not None and handler.redelivers
        self.step: Step = self._made()
        """The program as a plain function: who runs it for each message takes this, for calling an object costs Python twice as much."""

    def __len__(self) -> int:
        return len(self.steps)

    def __call__(self, exchange: Exchange) -> None:
        """Run all steps. Raises what no handler took; otherwise the exchange tells the rest."""
        self.step(exchange)

    def run(self, exchange: Exchange, at: int) -> None:
        """Run from step ``at``."""
        steps = self.steps
        if self._snapshots:
            self._run_with_snapshots(exchange, at)
            return
        while at < len(steps):
            try:
                steps[at](exchange)
                at += 1
            except Exception as error:
                at = self._failed(exchange, error, at)
            if exchange.halted:
                return

    def _made(self) -> Step:
        steps, failed, run = self.steps, self._failed, self.run
        if self._snapshots:
            return lambda exchange: self._run_with_snapshots(exchange, 0)
        count = len(steps)
        if count == 1:
            return self._single(steps[0])

        def step(exchange: Exchange) -> None:
            remaining = iter(steps)
            try:
                for step in remaining:
                    step(exchange)
                    if exchange.halted:
                        return
            except Exception as error:
                # The iterator knows how far it came, so that the loop need not count.
                at = failed(exchange, error, count - length_hint(remaining) - 1)
            else:
                return
            if not exchange.halted:
                run(exchange, at)

        return step

    def _single(self, only: Step) -> Step:
        failed = self._failed
        if self.handler is None:
            return only

        def step(exchange: Exchange) -> None:
            try:
                only(exchange)
            except Exception as error:
                failed(exchange, error, 0)

        return step

    def _failed(self, exchange: Exchange, error: Exception, at: int) -> int:
        """Where to go on after a failure; raises it again where no handler of this program may act."""
        if self.handler is None or exchange.exhausted or getattr(self.steps[at], "unguarded", False):
            raise error
        return self.handler.failed(exchange, error, self, at, None)

    def _run_with_snapshots(self, exchange: Exchange, at: int) -> None:
        steps, handler = self.steps, self.handler
        assert handler is not None
        end = len(steps)
        while at < end:
            before = exchange.message.copy()
            try:
                steps[at](exchange)
                at += 1
            except Exception as error:
                if exchange.exhausted or getattr(steps[at], "unguarded", False):
                    raise
                at = handler.failed(exchange, error, self, at, before)
            if exchange.halted:
                return
