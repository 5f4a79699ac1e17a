"""A process of its own for the fault tests: publishes or consumes on a broker and keeps a journal that survives its death.

usage: broker_child.py consume|hold|publish URL JOURNAL [COUNT]
"""

import os
import sys
import threading
from functools import partial

from esb.broker.contract import Ack, Delivery, Outgoing
from esb.broker.open import open_broker
from esb.errors import TransportError


def main(role: str, url: str, journal: str, count: int = 0) -> None:
    broker = open_broker(url)
    broker.open()
    broker.queue("orders")
    out = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    if role == "publish":

        def note(key: str, error: TransportError | None) -> None:
            # Written only after the broker's promise: whatever is in the journal must be found again.
            os.write(out, f"{'ok' if error is None else type(error).__name__} {key}\n".encode())

        for n in range(count):
            broker.publish("orders", Outgoing(f"m{n}", b"x" * 500), partial(note, f"m{n}"))
        broker.close(60)
        return
    ready = threading.Event()

    def take(batch: list[Delivery]) -> None:
        os.write(out, "".join(f"got {delivery.id}\n" for delivery in batch).encode())
        if role == "consume":
            ready.wait()
            subscription.settle([(delivery, Ack()) for delivery in batch])

    subscription = broker.subscribe("orders", take, prefetch=count)
    ready.set()
    threading.Event().wait()


if __name__ == "__main__":
    role, url, journal, *rest = sys.argv[1:]
    main(role, url, journal, *map(int, rest))
