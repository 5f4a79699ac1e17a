"""The lease of a project across hosts: exclusive sources run in one worker of all that share a RabbitMQ.

A queue with a single active consumer holds tokens. Every candidate consumes from it and adds a token now and then; RabbitMQ gives them to one
candidate only, so whoever gets them is the one. It keeps the newest in hand: when it dies, the broker gives that to the next candidate. It holds the
lease only while tokens keep coming and the connection stands: both end well before the broker, by its heartbeats, takes it for dead and lets another
one begin. A process that is frozen and thawed later may act once more before it sees that; nothing short of fencing each effect prevents that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from esb.broker.contract import Ack, Broker, Delivery, Outgoing, Release, Subscription
from esb.errors import Position, ProjectError
from esb.exchange import new_id
from esb.project import CONFIG, Project
from esb.runtime.lease import Lease

_log = logging.getLogger("esb.lease")

_LOOK = 0.1
"""Seconds between looks at the connection."""


class _Source:
    """What runs while the lease is held."""

    __slots__ = ("start", "stop")

    def __init__(self, start: Callable[[], None], stop: Callable[[], None] | None) -> None:
        self.start = start
        self.stop = stop


class ClusterLease:
    """As :class:`esb.runtime.lease.Lease`, which each host's workers settle among themselves first. One a process; thread-safe.

    Times in seconds: a token every ``renew``; without one for ``patience`` the lease is lost; holding begins after ``grace``, in which a former
    holder sees that its connection is gone. ``broker`` gives the project's broker, opened.
    """

    def __init__(
        self,
        host: Lease,
        broker: Callable[[], Broker],
        queue: str,
        *,
        renew: float = 5.0,
        patience: float = 15.0,
        grace: float = 1.0,
    ) -> None:
        self._host = host
        self._broker_of = broker
        self._queue = queue
        self._renew, self._patience, self._grace = renew, patience, grace
        self._lock = threading.RLock()
        """Held while sources are started and stopped, so that none starts after the lease is lost."""
        self._sources: list[_Source] = []
        self._held = False
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._subscription: Subscription | None = None
        self._tokens: list[Delivery] = []
        self._seen = 0.0
        self._begin = 0.0

    @property
    def held(self) -> bool:
        """Whether this process holds it."""
        return self._held

    def when_held(self, start: Callable[[], None], stop: Callable[[], None] | None = None) -> Callable[[], None]:
        """Call ``start`` whenever the lease is held from now on, and ``stop`` when it is lost. Returns a call that forgets both."""
        source = _Source(start, stop)
        with self._lock:
            self._sources.append(source)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cluster-lease", daemon=True)
                self._thread.start()
            if self._held:
                start()
        return lambda: self._forget(source)

    def _forget(self, source: _Source) -> None:
        with self._lock:
            if source in self._sources:
                self._sources.remove(source)

    def close(self) -> None:
        """Give the lease back. Idempotent."""
        self._closed.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(10.0)
        self._host.close()

    # -- the lease's own thread ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        first = threading.Event()
        self._host.when_held(first.set)
        while not first.wait(_LOOK):
            if self._closed.is_set():
                return
        while not self._closed.is_set():
            try:
                self._watch(self._broker_of())
            except Exception:
                _log.exception(
                    "the cluster's lease cannot be had; exclusive sources of this worker stand still until it can"
                )
                self._lose()
                self._closed.wait(self._renew)

    def _watch(self, broker: Broker) -> None:
        broker.queue(self._queue, exclusive=True)
        subscription = self._subscription = broker.subscribe(self._queue, self._received, prefetch=20)
        next_token = 0.0
        while not self._closed.wait(_LOOK):
            now = time.monotonic()
            if broker.state == "connected" and now >= next_token:
                next_token = now + self._renew
                broker.publish(self._queue, Outgoing(new_id(), b""), lambda _error: None)
            if broker.state not in {"connected", "blocked"}:
                self._begin = self._seen = 0.0  # what was delivered before says nothing any more
            alive = self._seen > 0 and now - self._seen < self._patience
            if self._held and not alive:
                _log.warning("this worker has lost the cluster's lease; its exclusive sources stop")
                self._lose()
            elif not self._held and alive and self._begin and now >= self._begin:
                _log.info("this worker runs the exclusive sources of the cluster")
                self._win()
        self._held = False
        if broker.state != "closed":
            subscription.stop()
            subscription.settle([(token, Release()) for token in self._tokens])

    def _win(self) -> None:
        with self._lock:
            self._held = True
            for source in list(self._sources):
                _attempt(source.start, "an exclusive source did not start")

    def _lose(self) -> None:
        with self._lock:
            self._held, self._begin, self._seen = False, 0.0, 0.0
            for source in list(self._sources):
                if source.stop is not None:
                    _attempt(source.stop, "an exclusive source did not stop")

    # -- the broker's thread -------------------------------------------------------------------------------------------

    def _received(self, batch: list[Delivery]) -> None:
        self._seen = time.monotonic()
        if not self._begin:
            self._begin = self._seen + self._grace
        *old, newest = [*self._tokens, *batch]
        self._tokens = [newest]
        if self._subscription is not None:
            self._subscription.settle([(token, Ack()) for token in old])
        else:
            self._tokens = [
                *old,
                newest,
            ]  # so early that the subscription is not known yet; the next token takes them along


def _attempt(call: Callable[[], None], complaint: str) -> None:
    try:
        call()
    except Exception:
        _log.exception("%s", complaint)


def lease_of(project: Project, broker: Callable[[], Broker]) -> Lease | ClusterLease:
    """The lease that the project asks for: the host's, or the cluster's, which needs a RabbitMQ. Raises ProjectError if it has none."""
    host = Lease(project.state_folder / f"{project.instance or 'bus'}.lease")
    shared = project.broker_url.startswith(("amqp:", "amqps:"))
    if project.lease == "cluster" and not shared:
        raise ProjectError(
            "lease: cluster needs a broker that several hosts share",
            Position(CONFIG),
            "put the project on RabbitMQ (broker: amqp://...)",
        )
    if not shared or project.lease == "host":
        return host
    return ClusterLease(host, broker, ".".join(("lease", project.name, *filter(None, (project.instance,)))))
