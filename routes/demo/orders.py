"""The orders: posted by several clients at once, the ERP fails in the middle, and every accepted one must be somewhere at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from esb.errors import TransportError
from routes.demo.data import Orders, refused
from routes.demo.deployment import Deployment
from routes.demo.ledger import Count, progress, settled

_INVALID = (
    "orders.invalid",
    "orders.domestic.invalid",
    "orders.export.invalid",
    "orders.customs.invalid",
    "orders.refused",
)
_DEAD = (
    "orders.dlq",
    "orders.domestic.dlq",
    "orders.export.dlq",
    "orders.customs.dlq",
    "orders.approval.dlq",
    "orders.confirmed.dlq",
    "orders.approval.invalid",
)
_IMPATIENT = "orders.customs.dlq"
"""Where orders end that give up while the ERP is away; no others may."""
OUTAGE = 8.0
"""Seconds that the ERP is away."""


def run(deployment: Deployment, orders: Orders, *, outage: bool = True) -> Count:
    """Drive the scenario and account for it."""
    count = Count(
        where="CRM: /crm/tables/orders; rejected: 4xx answers and the queues *.invalid, orders.refused; esb dlq list"
    )
    accepted: dict[str, int] = {}
    lock = threading.Lock()

    def post(expected: str, body: object) -> None:
        status = _post(deployment, body)
        with lock:
            if count.answered(status, f"a {expected} order", good=expected != "bad"):
                order_id = body["orderId"] if isinstance(body, dict) else ""
                accepted[order_id] = accepted.get(order_id, 0) + 1

    posted: list[Future[None]] = []
    half = len(orders.posts) // 2
    restored = threading.Timer(OUTAGE, lambda: deployment.start("erp"))
    with progress("orders: posting") as tell, ThreadPoolExecutor(8) as clients, _joined(restored):
        for part, (expected, body) in enumerate(orders.posts):
            if part == half and outage:
                deployment.kill("erp")
                restored.start()
            posted.append(clients.submit(post, expected, body))
            if part % 50 == 0:
                tell(count.sent, len(orders.posts))
        clients.shutdown(wait=True)
        tell(count.sent, len(orders.posts))
    if outage:
        deployment.wait_ready("erp")
    for future in posted:
        # Told, not raised: the account of all others still counts.
        if (error := future.exception()) is not None:
            count.sent += 1
            count.is_wrong(f"a post ended with {type(error).__name__}: {error}")
    count.repeated = sum(times - 1 for times in accepted.values())
    places: dict[str, set[str]] = {}

    def arrived() -> int:
        # By order, not by message: a message that a fault has repeated must not hide one that was lost.
        left = set(accepted)
        for place, found in (
            ("delivered", set(deployment.table("crm", "orders"))),
            ("invalid", deployment.keys("orderId", *_INVALID)),
            ("dead", deployment.keys("orderId", *_DEAD)),
        ):
            places[place] = found & left
            left -= found
        return len(accepted) - len(left)

    with progress("orders: through approval and ERP") as tell:
        settled(arrived, len(accepted), tell)
    effects = {key: one["effects"] for key, one in deployment.table("erp", "orders").items()}
    doubled = {key: times for key, times in effects.items() if times > 1}
    if doubled:
        count.is_wrong(f"orders with more than one effect: {doubled}", len(doubled))
    _judge(count, orders, places, given_up=deployment.keys("orderId", _IMPATIENT) if outage else set())
    count.delivered = len(places["delivered"])
    count.rejected += len(places["invalid"])
    count.dead_lettered = len(places["dead"])
    count.lost = len(accepted) - count.delivered - len(places["invalid"]) - count.dead_lettered
    return count


def _judge(count: Count, orders: Orders, places: dict[str, set[str]], given_up: set[str]) -> None:
    """Count as wrong what is not where it belongs: not lost, but nobody gets what was ordered, or somebody what he must not."""
    refusable = {body["orderId"] for _, body in orders.posts if isinstance(body, dict) and refused(body)}
    for claim, which in (
        ("orders that are good were refused", places["invalid"] - refusable),
        ("orders were delivered that are to be refused", places["delivered"] & refusable),
        ("orders are dead letters without an outage that would explain it", places["dead"] - given_up),
    ):
        if which:
            shown = ", ".join(sorted(which)[:5]) + (" ..." if len(which) > 5 else "")
            count.is_wrong(f"{len(which)} {claim}: {shown}", len(which))


def _post(deployment: Deployment, body: object) -> int:
    """Post as a careful client does: what is not answered is sent again, with the same order id."""
    for attempt in range(20):
        try:
            status, _ = deployment.post("bus", "/orders", body)
        except TransportError:
            status = 503
        if status != 503:
            return status
        time.sleep(min(0.2 * 2**attempt, 3.0))
    return 503


@contextmanager
def _joined(thread: threading.Thread) -> Iterator[None]:
    """Do not leave before a thread has ended that was started: the ERP must not start when the deployment has stopped."""
    try:
        yield
    finally:
        if thread.ident is not None:
            thread.join()
