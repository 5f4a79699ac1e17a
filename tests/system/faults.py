"""Tools of the system tests: faults at random or chosen moments, and the account of what became of every order."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from esb.broker.dead_letters import DeadLetter, letters
from esb.errors import TransportError
from esb.testing.process import PATIENCE, until
from routes.demo.data import Orders
from routes.demo.deployment import Deployment
from routes.demo.ledger import Count

FAILED = [
    f"{queue}{suffix}"
    for queue in (
        "orders",
        "orders.domestic",
        "orders.export",
        "orders.customs",
        "orders.approval",
        "orders.confirmed",
    )
    for suffix in (".dlq", ".invalid")
]


def eventually(condition: Callable[[], Any], claim: str, seconds: float = PATIENCE) -> Any:
    """As ``until``; a peer that is away just now counts as no."""

    def holds() -> Any:
        with suppress(TransportError):
            return condition()
        return None

    return until(holds, claim, seconds)


@contextmanager
def again_and_again(fault: Callable[[], None], *, pause: float, times: int, seed: int) -> Iterator[list[float]]:
    """Do a fault at random moments, ``pause`` seconds apart on average and at most ``times`` often; yields when it was done."""
    done: list[float] = []
    over = threading.Event()
    chance = random.Random(seed)

    def run() -> None:
        while len(done) < times and not over.wait(chance.uniform(0, 2 * pause)):
            with suppress(TransportError, ProcessLookupError):
                fault()
                done.append(time.monotonic())

    thread = threading.Thread(target=run, name="faults", daemon=True)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


@contextmanager
def when_delivered(deployment: Deployment, counts: list[int], fault: Callable[[], None]) -> Iterator[list[int]]:
    """Do a fault each time that so many orders have reached the CRM; yields the counts at which it was done."""
    done: list[int] = []
    over = threading.Event()

    def run() -> None:
        for wanted in counts:
            while _delivered(deployment) < wanted:
                if over.wait(0.05):
                    return
            fault()
            done.append(wanted)

    thread = threading.Thread(target=run, name="faults", daemon=True)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def _delivered(deployment: Deployment) -> int:
    records: int = deployment.get("crm", "/crm/tables/orders/count")["records"]
    return records


def kill_a_worker(deployment: Deployment, chance: random.Random) -> None:
    """SIGKILL one of the bus's workers, whatever it is doing."""
    os.kill(chance.choice(deployment.workers()), signal.SIGKILL)


def failed(deployment: Deployment, *queues: str) -> list[DeadLetter]:
    """The messages of the queues that hold failed ones."""
    depths = deployment.depths(*(queues or FAILED))
    return [one for queue, depth in depths.items() if depth for one in letters(deployment.broker(), queue)]


def assert_all_accounted_for(deployment: Deployment, orders: Orders, count: Count) -> None:
    """Every order that was posted well was accepted, is somewhere, and has at most one effect in the ERP."""
    wanted = {body["orderId"] for kind, body in orders.posts if kind != "bad" and isinstance(body, dict)}
    assert count.lost == 0
    assert count.accepted == sum(1 for kind, _ in orders.posts if kind != "bad")
    erp, crm = deployment.table("erp", "orders"), deployment.table("crm", "orders")
    refused = deployment.keys("orderId", "orders.refused")
    set_aside = {order_id(one): one for one in failed(deployment)}
    assert wanted <= set(crm) | set(set_aside) | refused
    assert set(crm) <= set(erp)
    assert {key: one["effects"] for key, one in erp.items() if one["effects"] != 1} == {}
    assert not set(erp) & {key for key, one in set_aside.items() if one.queue.endswith(".invalid")}
    for one in set_aside.values():
        assert_has_history(one)


def order_id(letter: DeadLetter) -> str:
    """The order that a failed message is about; headers that came over HTTP are spelled its way."""
    return next(str(value) for name, value in letter.headers.items() if name.lower() == "orderid")


def assert_has_history(letter: DeadLetter) -> None:
    """Whoever finds it can tell where it came from, what went wrong where and when, and how often it was tried."""
    assert letter.origin
    assert letter.queue in {f"{letter.origin}.dlq", f"{letter.origin}.invalid"}
    assert letter.route
    assert letter.step_at.startswith("routes/")
    assert letter.error
    assert letter.error_class
    assert letter.failed_at
    assert letter.attempts >= 1


def repeats(table: dict[str, dict[str, Any]]) -> int:
    """How many more effects than records a table has."""
    return sum(one["effects"] - 1 for one in table.values())
