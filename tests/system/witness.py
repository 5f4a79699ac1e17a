"""What tells whether the deployment was harmed: a census of its messages, orders that must pass, and a canary."""

import json
import random
import socket
import threading
from pathlib import Path

from routes.demo import data
from routes.demo.deployment import Deployment
from tests.system.faults import FAILED, eventually


def census(bus: Deployment) -> dict[str, int]:
    """How many messages and records there are, by place."""
    routes = json.loads(bus.call("GET", bus.management("bus", "/status")))["routes"]

    def ran(route: str) -> int:
        count: int = routes[route]["completed"] + routes[route]["failed"]
        return count

    return {
        "CRM": bus.get("crm", "/crm/tables/orders/count")["records"],
        "ERP": bus.get("erp", "/erp/tables/orders/count")["records"],
        "taken": ran("orders-route"),
        "domestic": ran("orders-domestic"),
        "export": ran("orders-export"),
        "tickets": ran("ticket-assign") + ran("ticket-tell-crm"),
        "customers": ran("sync-apply"),
        "campaigns": ran("campaign-publish"),
    } | bus.depths(*FAILED, "orders.refused")


_numbers = iter(range(1, 1_000_000))


def good_order() -> dict[str, object]:
    """A small domestic order with an id of its own."""
    chance = random.Random(1)
    one = data.order(chance, 0)
    return one | {
        "orderId": f"GOOD-{next(_numbers)}",
        "customerId": "C1",
        "shipTo": one["shipTo"] | {"country": "DE"},
        "lines": [{"sku": "PEN-1", "quantity": 2, "unitPrice": "10.50"}],
    }


def pass_a_good_order(bus: Deployment) -> None:
    """Post one and wait until the CRM has the ERP's number."""
    order = good_order()
    assert bus.post("bus", "/orders", order)[0] == 202
    eventually(lambda: order["orderId"] in bus.table("crm", "orders"), "a good order passes")


def settled(bus: Deployment) -> dict[str, int]:
    """The census once it stands still: what an earlier test sent may be on its way yet."""
    looks: list[dict[str, int]] = []

    def still() -> bool:
        looks.append(census(bus))
        return len(looks) > 5 and all(look == looks[-1] for look in looks[-5:])

    eventually(still, "nothing moves any more")
    return looks[-1]


class Canary:
    """A listener that nobody should ever talk to, and a file that nobody should ever show."""

    def __init__(self, folder: Path) -> None:
        self.calls: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/canary"
        self.secret = "the-canary-sings"
        self.file = folder / "canary.txt"
        self.file.write_text(self.secret)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            with peer:
                self.calls.append(peer.recv(1000))

    def close(self) -> None:
        """Stop listening."""
        self._server.close()
