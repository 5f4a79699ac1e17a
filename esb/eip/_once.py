"""The running part of idempotentConsumer: who may enter with a key, and what is recorded when he has ended."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable
from typing import Final

from esb.eip._waits import Wait
from esb.errors import StepFailed
from esb.exchange import Exchange
from esb.program import Step
from esb.stores.contract import CompletesLater, IdempotentRepository, Standing
from esb.unit import LATER, UnitOfWork

Delay = Callable[[float, Callable[[], None]], object]
"""Runs a call after so many seconds, unless the context stops before."""

_log = logging.getLogger("esb.route")
_PATIENCE: Final = 5.0
"""Seconds that a repeat waits for the message that has its key."""
_LOOKS: Final = 0.02
_PAUSES: Final = (1.0, 30.0)
"""Seconds to the first try to record an outcome again, and the longest; each pause is twice the one before."""

_holders: weakref.WeakKeyDictionary[IdempotentRepository, dict[str, object]] = weakref.WeakKeyDictionary()
"""Who works on a key in this process, by repository: steps may share one. A delivery's unit, or the exchange where there is none."""


class Once:
    """Runs the steps for a key and records the outcome. Thread-safe."""

    def __init__(self, keys: IdempotentRepository, wait: Wait, later: Delay, *, remove_on_failure: bool) -> None:
        self._keys = keys
        self._delay = later
        self._runs = 0
        self._later = keys if isinstance(keys, CompletesLater) else None
        self._wait = wait
        self._remove = remove_on_failure
        self._failed: set[tuple[UnitOfWork, str]] = set()
        self._holders = _holders.setdefault(keys, {})

    def enters(self, exchange: Exchange, key: str) -> bool:
        """Whether the message gets in. Waits while another delivery has the key, for it may fail: skipping this one would lose it then.

        Raises StepFailed when that takes too long. A repeat within one delivery (a route that calls itself, two parts of a split) is out at once:
        both succeed or fail together.
        """
        if exchange.unit is not None and (exchange.unit, key) in self._failed:
            return True  # it failed in the steps, and an outer handler tries it again
        end = time.monotonic() + _PATIENCE
        while True:
            standing = self._keys.begin(key)
            if standing is Standing.NEW:
                self._holders[key] = _holder(exchange)
                return True
            if standing is Standing.DONE or self._holders.get(key) is _holder(exchange):
                return False
            if time.monotonic() > end:
                raise StepFailed(f"another message is working on the key {key!r} for more than {_PATIENCE:g} seconds")
            self._wait(_LOOKS)

    def stop(self) -> None:
        """The route stops, and its store is closed: outcomes that could not be recorded until now are not any more."""
        self._runs += 1

    def until_end(self, exchange: Exchange, key: str, program: Step) -> None:
        """Run the steps; the key is done at their end."""
        try:
            program(exchange)
        except Exception:
            self._record(_holder(exchange), key, failed=True)
            raise
        self._record(_holder(exchange), key, failed=exchange.handled)

    def until_settled(self, exchange: Exchange, unit: UnitOfWork, key: str, program: Step) -> None:
        """Run the steps; the key is done when the message has had its effect: with its delivery, or its part of it."""
        if (unit, key) in self._failed:
            self._failed.discard((unit, key))
        else:
            unit.before_delivered(self._finish(exchange, unit, key))
        try:
            program(exchange)
        except Exception:
            self._failed.add((unit, key))
            raise

    def _finish(self, exchange: Exchange, own: UnitOfWork, key: str) -> Callable[[UnitOfWork], object]:
        holder = own.delivery  # not asked later: a part that something outlives has lost its unit by then

        def finish(unit: UnitOfWork) -> object:
            self._failed.discard((own, key))
            failed = unit.error is not None or exchange.handled
            if self._later is None or (failed and self._remove):
                self._record(holder, key, failed=failed)
                return None
            # The thread may be the broker's own: it must not wait for a disk, nor must each message of a batch have a flush for itself.
            self._let_go(holder, key)
            try:
                self._later.complete_later(key, lambda error: self._completed(unit, key, error))
            except Exception as error:
                self._owe(key, self._keys.complete, error)
                return None
            return LATER

        return finish

    def _let_go(self, holder: object, key: str) -> None:
        """Before the key is free: from then on it may be another's."""
        if self._holders.get(key) is holder:
            del self._holders[key]

    def _record(self, holder: object, key: str, *, failed: bool) -> None:
        self._let_go(holder, key)
        record = self._keys.abandon if failed and self._remove else self._keys.complete
        try:
            record(key)
        except Exception as error:
            self._owe(key, record, error)

    def _completed(self, unit: UnitOfWork, key: str, error: Exception | None) -> None:
        if error is not None:
            self._owe(key, self._keys.complete, error)
        unit.go_on()

    def _owe(self, key: str, record: Callable[[str], None], error: Exception) -> None:
        """An outcome that could not be recorded: what became of the message stands, so it is not raised but tried again.

        Until then the key counts as started, by a process that lives: nobody gets in with it, also not the message itself when it comes again.
        If this process ends before, the key is new.
        """
        first, longest = _PAUSES
        _log.error("the key %r could not be recorded, which is tried again: %s", key, error)

        run = self._runs

        def again(pause: float) -> None:
            if run != self._runs:  # the store was closed meanwhile: the key is new, and may be another's by now
                return
            try:
                record(key)
            except Exception:
                following = min(2 * pause, longest)
                self._delay(following, lambda: again(following))
            else:
                _log.info("the key %r is recorded now", key)

        self._delay(first, lambda: again(first))


def _holder(exchange: Exchange) -> object:
    return exchange if exchange.unit is None else exchange.unit.delivery
