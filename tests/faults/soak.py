"""``python -m tests.faults.soak``: faults at random for a long time (F1, F5, F10, F25), and the account of every message at the end.

HTTP in, a queue, a partner that hangs now and then, a queue out; two workers, RabbitMQ behind a network that breaks. The seed is printed: with it the
same faults come in the same order, though never in the same moment of the traffic.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import click

from esb.testing.process import until
from esb.testing.rabbitmq import RabbitNode, running_node
from esb.testing.tcpproxy import TcpProxy
from tests.faults.results import Recorder
from tests.faults.site import ACCEPT, PREFETCH, Site, kill_a_worker
from tests.faults.test_targets import Target

WINDOW = 500
ROUTES = (
    ACCEPT
    + """
- route:
    id: relay
    from:
      uri: bus:in
      parameters: {concurrentConsumers: 8, prefetch: 50, redeliveryDelay: 200, maximumRedeliveries: -1, maximumRedeliveryDelay: 2000}
      steps:
        - to: http://127.0.0.1:{{partner}}/target?responseTimeout=2000&copyHeaders=true&ignoreResponseBody=true
        - setBody: {simple: "${header.key}"}
        - to: bus:out
"""
).replace(
    "        - to: bus:in\n        - setBody",
    '        - convertBodyTo: {type: String}\n        - setHeader: {name: key, simple: "${body}"}\n        - to: bus:in\n        - setBody',
)


class Soak:
    """One run."""

    def __init__(self, folder: Path, node: RabbitNode, proxy: TcpProxy, seed: int) -> None:
        self.node = node
        self.proxy = proxy
        self.chance = random.Random(seed)
        self.hanging = threading.Event()
        self.partner = Target(self._behave)
        self.site = Site(
            folder,
            f"{node.url}?namespace=soak",
            routes=ROUTES,
            through=f"amqp://guest:guest@127.0.0.1:{proxy.port}/?namespace=soak&publishTimeout=5",
            workers=2,
            settings=f"properties: {{partner: {self.partner.port}}}\n",
        )
        self.done = dict.fromkeys(
            ("F1 worker killed", "F5 broker killed", "F10 connections reset", "F25 partner hangs"), 0
        )

    def _behave(self, target: Target, request: object) -> None:
        if self.hanging.is_set():
            target.leave.wait(3)
        request.answer(200)  # type: ignore[attr-defined]

    def fault(self) -> None:
        """One fault, by chance; a killed broker is rare, as in life."""
        name = self.chance.choices(list(self.done), weights=(6, 1, 6, 3))[0]
        self.done[name] += 1
        match name.partition(" ")[0]:
            case "F1":
                kill_a_worker(self.site.bus, self.chance)
            case "F10":
                self.proxy.reset()
            case "F5":
                self.node.kill()
                self.node.start()
            case "F25":
                self.hanging.set()
                threading.Event().wait(self.chance.uniform(1, 6))
                self.hanging.clear()

    def run(self, minutes: float) -> int:
        """Exit code: 0 if the account is clean."""
        site, ends = self.site, time.monotonic() + minutes * 60
        site.bus.start()
        memory = [self._memory()]
        with site.posting(threads=4, pause=0.02):
            until(lambda: site.out() > 50, "messages flow")
            self.node.persist_queues()
            told = 0.0
            while time.monotonic() < ends:
                threading.Event().wait(self.chance.uniform(1, 8))
                self.fault()
                if time.monotonic() - told > 15:
                    told = time.monotonic()
                    memory.append(self._memory())
                    account = site.account()
                    left = max(ends - told, 0) / 60
                    print(
                        f"{left:5.1f} min left: {account.ok} accepted, {site.out()} out, {memory[-1]} MiB; {self.done}",
                        flush=True,
                    )
            site.healed()
            before = len(site.ledger.keys("ok"))
            until(lambda: len(site.ledger.keys("ok")) > before + 100, "messages flow at the end")
        site.finish(seconds=300)
        account = site.account()
        # Each fault may repeat what both workers had in hand and unconfirmed.
        bound = sum(self.done.values()) * 2 * (PREFETCH + WINDOW)
        what = f"{minutes:g} minutes: {self.done}; {memory[0]} → {memory[-1]} MiB a worker"
        Recorder("soak", "F67", "soak: F1, F5, F10 and F25 at random", "0 lost, repeats within the bound, memory flat")(
            account, duplicates=bound, measured=what
        )
        return 0

    def _memory(self) -> int:
        sizes = [worker["memory"] for worker in self.site.bus.status().get("workers", [])]
        return max(sizes, default=0) >> 20


@click.command(help=__doc__)
@click.option("--minutes", type=float, default=20.0, show_default=True)
@click.option("--seed", type=int, default=None, help="Of an earlier run, to repeat its faults.")
def main(minutes: float, seed: int | None) -> None:
    """Run and account; fails if a message is lost."""
    seed = seed if seed is not None else random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="esb-soak-") as folder,
        running_node() as node,
        TcpProxy(node.port) as proxy,
    ):
        soak = Soak(Path(folder), node, proxy, seed)
        try:
            code = soak.run(minutes)
        except AssertionError as problem:
            print(f"seed {seed}: {problem}", file=sys.stderr)
            print(soak.site.bus.log[-3000:], file=sys.stderr)
            code = 1
        finally:
            soak.partner.close()
            soak.site.__exit__()
    sys.exit(code)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    main()
