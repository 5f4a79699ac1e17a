"""The one I/O thread of a process's RabbitMQ broker: it turns both connections, and only it touches their sockets.

User code never runs here, so heartbeats never wait for it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from pika.adapters.select_connection import IOLoop

log = logging.getLogger(__name__)

_ROUNDS = 3
_forks = 0
"""How many forks this process is away from the first: threads do not come along. Cheaper to ask than the system, which is done for each publish."""


def _forked() -> None:
    global _forks  # noqa: PLW0603 - one number for the process
    _forks += 1


os.register_at_fork(after_in_child=_forked)


class IoThread:
    """A loop on a thread of its own. :meth:`call` from any thread, the rest as said."""

    def __init__(self, name: str, on_crash: Callable[[], None]) -> None:
        self._loop: IOLoop | None = None
        self._on_crash = on_crash
        self._calls: deque[Callable[[], None]] = deque()
        self._woken = False
        self.turning = False
        """Whether a turn is under way: what is called and written in it is done at its end."""
        self.flushes: list[Callable[[], None]] = []
        """Called at the end of each turn: connections that hold back what is written in it. On this thread only."""
        self._turn = _Turn(self)
        self._ending = False
        self._begun = self._over = False
        self._forks = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def loop(self) -> Any:
        """The loop, as pika's connections want it."""
        return self._loop

    @property
    def is_current(self) -> bool:
        """Whether the caller is this thread, which must never wait for itself."""
        return threading.current_thread() is self._thread

    @property
    def alive(self) -> bool:
        """Whether it runs, in this process."""
        return self._begun and not self._over and self._forks == _forks

    @property
    def started(self) -> bool:
        """Whether :meth:`start` was called."""
        return self._begun

    @property
    def usable(self) -> bool:
        """Whether calls are, or will be, served: not started yet, or alive in this process."""
        return not self._begun or self.alive

    def start(self) -> None:
        """Start it, once."""
        self._loop = IOLoop()
        self._forks = _forks
        self._begun = True
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """Run a function on the thread, in the order of the calls. One wake-up serves a burst of calls."""
        self._calls.append(function)
        if not self._woken and self._loop is not None:
            self._woken = True
            self._loop.add_callback_threadsafe(self._drain)

    def later(self, delay: float, function: Callable[[], None]) -> Any:
        """Run a function in ``delay`` seconds. On this thread only. Returns a handle for :meth:`cancel`."""
        assert self._loop is not None
        return self._loop.call_later(delay, lambda: _guarded(function))

    def cancel(self, handle: Any) -> None:
        """Forget a call made by :meth:`later`. On this thread only."""
        assert self._loop is not None
        self._loop.remove_timeout(handle)

    def end(self) -> None:
        """Let the loop end. On this thread only."""
        assert self._loop is not None
        self._ending = True
        self._loop.stop()

    def join(self, timeout: float) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def turn(self) -> AbstractContextManager[None]:
        """A block on this thread at whose end everything that was called for in it is done, and written. Not nested."""
        return self._turn

    def _begin(self) -> None:
        self._woken = True  # nobody need wake us: we look at the end
        self.turning = True

    def _end(self) -> None:
        calls = self._calls
        # What a call leads to is done in the same turn, but not for ever: the sockets want their turn too.
        for _ in range(_ROUNDS):
            for _ in range(len(calls)):
                _guarded(calls.popleft())
            if not calls:
                break
        self.turning = False
        for flush in list(self.flushes):
            _guarded(flush)
        # In this order: who appends and sees that we are awake has appended before we look.
        self._woken = False
        if calls and self._loop is not None:
            self._woken = True
            self._loop.add_callback_threadsafe(self._drain)

    def _drain(self) -> None:
        self._begin()
        self._end()

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None
        self.call(lambda: None)  # what was called before the start
        while not self._ending:
            try:
                loop.start()
            except Exception:
                # A defect in pika or in ours must not end the thread silently, with everyone waiting for it.
                log.exception("the I/O loop failed; both connections are made anew")
                _guarded(self._on_crash)
        self._drain()
        self._over = True
        self._drain()  # for who saw the thread alive just before
        loop.close()


class _Turn:
    """See :meth:`IoThread.turn`."""

    def __init__(self, thread: IoThread) -> None:
        self._thread = thread

    def __enter__(self) -> None:
        self._thread._begin()  # noqa: SLF001 - of one piece

    def __exit__(self, *_: object) -> None:
        self._thread._end()  # noqa: SLF001


def _guarded(function: Callable[[], None]) -> None:
    try:
        function()
    except Exception:
        log.exception("a call on the broker's I/O thread failed")
