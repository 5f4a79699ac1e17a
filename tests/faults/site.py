"""A place where a fault happens: a bus under ``esb run`` with a route file, its broker, and the ledger of what went in and came out."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from esb.testing.checker import Account, Ledger
from esb.testing.process import BusProcess, until
from tests.faults.store import Found, client, publish, store

RELAY = """
- route:
    id: relay
    from:
      uri: bus:in
      parameters: {concurrentConsumers: 4, prefetch: 50, redeliveryDelay: 100}
      steps:
        - to: bus:out
"""
ACCEPT = """
- route:
    id: accept
    from:
      uri: platform-http:/in
      steps:
        - to: bus:in
        - setBody: {constant: taken}
"""
INBOX = """
- beans:
    - name: seen
      type: esb.stores.sqlite:SqliteIdempotentRepository
      constructors: {"0": "{{esb.state}}/seen.db"}
- route:
    id: inbox
    from:
      uri: bus:out
      parameters: {concurrentConsumers: 4}
      steps:
        - idempotentConsumer:
            simple: "${exchangeId}"
            idempotentRepository: seen
            steps:
              - to: bus:once
"""
FAILED = ("in.dlq", "in.invalid", "poison", "quarantine")
PREFETCH = 50
FEW = 10
NARROW = RELAY.replace("prefetch: 50", f"prefetch: {FEW}")
"""With so little in hand that a bound on repeats says something."""


def repeats(senders: int, prefetch: int = FEW) -> int:
    """Most repeats after one loss of the connections: a message in hand goes out again by the publisher and after its redelivery, a sender's once."""
    return 2 * prefetch + senders


class Site:
    """A context manager: everything ends with it. ``through``: the broker's address as the bus sees it, by default as the test does."""

    def __init__(
        self,
        folder: Path,
        url: str,
        *,
        routes: str = RELAY,
        through: str = "",
        settings: str = "",
        workers: int = 1,
        name: str = "bus",
        environment: dict[str, str] | None = None,
    ) -> None:
        self.url = url
        self.ledger = Ledger()
        self.store = store(url)
        self.folder = folder
        self.bus = BusProcess(
            folder / name,
            routes=routes,
            settings=f"project: trial\nworkers: {workers}\ndrain: 10s\nbroker: '{through or url}'\n{settings}",
            environment=environment,
        )
        self.found: dict[str, list[Found]] = {}
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.bus.kill()
        self.store.close()

    def keys(self, count: int) -> list[str]:
        """New keys."""
        return [f"m{next(self._numbers)}" for _ in range(count)]

    # -- in ------------------------------------------------------------------------------------------------------------

    def publish(self, count: int, queue: str = "in", *, size: int = 0) -> list[str]:
        """Put messages on the queue, past the bus."""
        keys = self.keys(count)
        with client(self.url) as broker:
            publish(broker, queue, keys, self.ledger, size=size)
        return keys

    def post(self, key: str, path: str = "/in", **headers: str) -> int:
        """Post one message; takes down what the answer means. Returns the status."""
        self.ledger.invoked(key)
        status, _ = self.bus.call(path, key.encode(), headers=headers)
        if 200 <= status < 300:
            self.ledger.ok(key)
        else:
            # Refused, or no answer: the message may have been on its way, so nobody can say.
            self.ledger.unknown(key)
        return status

    @contextmanager
    def posting(self, *, threads: int = 8, pause: float = 0.0) -> Iterator[list[int]]:
        """Post from several clients until the block ends; yields the statuses so far."""
        statuses: list[int] = []
        over = threading.Event()
        numbers = threading.Lock()

        def run() -> None:
            while not over.is_set():
                with numbers:
                    [key] = self.keys(1)
                statuses.append(self.post(key))
                if pause:
                    over.wait(pause)

        with ThreadPoolExecutor(threads) as pool:
            futures = [pool.submit(run) for _ in range(threads)]
            try:
                yield statuses
            finally:
                over.set()
            for future in futures:
                future.result()

    # -- out -----------------------------------------------------------------------------------------------------------

    def out(self) -> int:
        """Messages that have come out so far; -1 if nobody answers."""
        return self.store.depth("out")

    def healed(self) -> None:
        """The fault is over. From here on a thread looks for the first message that comes out."""
        self._stop_watching()
        baseline = max(self.out(), 0)
        self.ledger.healed()
        over = self._over = threading.Event()

        def watch() -> None:
            watcher = store(self.url)
            while not over.wait(0.02):
                if watcher.depth("out") > baseline:
                    self.ledger.flowing()
                    break
            watcher.close()

        self._watcher = threading.Thread(target=watch, daemon=True)
        self._watcher.start()

    def _stop_watching(self) -> None:
        if self._watcher is not None:
            self._over.set()
            self._watcher.join()

    def finish(self, *, seconds: float = 90.0, out: str = "out", waiting: tuple[str, ...] = ("in",)) -> None:
        """Wait until all that was accepted is out or set aside, stop the bus, and take everything down. A loss ends the wait by its deadline."""
        accepted = len(self.ledger.keys("ok") - self.ledger.seen())

        def through() -> bool:
            if any(self.store.depth(queue) for queue in waiting):
                return False
            return sum(max(self.store.depth(queue), 0) for queue in (out, *FAILED)) >= accepted

        with contextlib.suppress(AssertionError):
            until(through, "everything is out", seconds)
            self.ledger.drained()
        self._stop_watching()
        if self.bus.running:
            self.bus.stop()
        for queue in (out, *FAILED):
            self.collect(queue)
        for queue in waiting:  # not lost: still there to see; the tests that expect none say so
            self.collect(queue)

    def collect(self, queue: str) -> list[Found]:
        """Take a queue's messages down as arrived, by the key that their body begins with."""
        found = list(self.store.take(queue))
        self.found.setdefault(queue, []).extend(found)
        for one in found:
            self.ledger.arrived(one.body.decode("utf-8", "replace").strip(), queue)
        return found

    def account(self) -> Account:
        """The account, with failed messages apart."""
        return self.ledger.account(failed_places=FAILED)


def kill(pid: int) -> None:
    """SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def held(pid: int) -> tuple[int, int, int]:
    """Threads, descriptors and resident MiB of a process."""
    told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(told["Threads"]), len(list(Path(f"/proc/{pid}/fd").iterdir())), int(told["VmRSS"].split()[0]) >> 10


def kill_a_worker(bus: BusProcess, chance: random.Random) -> int:
    """SIGKILL one of the workers, whatever it does; which. 0 if there is none just now."""
    children = bus.children()
    if not children:
        return 0
    pid = chance.choice(children)
    kill(pid)
    return pid


def repeated(act: Callable[[], Any], *, times: int, pause: float, chance: random.Random) -> None:
    """Do something a number of times, at random moments."""
    rest = threading.Event()
    for _ in range(times):
        rest.wait(chance.uniform(0, 2 * pause))
        act()
