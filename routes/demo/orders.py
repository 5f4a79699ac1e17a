"""The orders: posted by several clients at once, the ERP fails in the middle, and every accepted one must be somewhere at the end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from esb.errors import TransportError
from routes.demo.data import Orders
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
            count.sent += 1
            if status == 202:
                count.accepted += 1
                order_id = body["orderId"] if isinstance(body, dict) else ""
                accepted[order_id] = accepted.get(order_id, 0) + 1
            else:
                count.rejected += 1
            if (expected == "bad") != (status in {400, 422}):
                print(f"  unexpected: a {expected} order was answered {status}")

    half = len(orders.posts) // 2
    with progress("orders: posting") as tell, ThreadPoolExecutor(8) as clients:
        for part, (expected, body) in enumerate(orders.posts):
            if part == half and outage:
                deployment.kill("erp")
                threading.Timer(OUTAGE, _restore, (deployment,)).start()
            clients.submit(post, expected, body)
            if part % 50 == 0:
                tell(count.sent, len(orders.posts))
        clients.shutdown(wait=True)
        tell(count.sent, len(orders.posts))
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
        print(f"  orders with more than one effect: {doubled}")
    count.delivered = len(places["delivered"])
    count.rejected += len(places["invalid"])
    count.dead_lettered = len(places["dead"])
    count.lost = len(accepted) - count.delivered - len(places["invalid"]) - count.dead_lettered
    return count


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


def _restore(deployment: Deployment) -> None:
    deployment.start("erp")
