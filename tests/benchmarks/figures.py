"""What the design asks for and what was measured when it was written, beside what a run gives (section 11 of the design)."""

from __future__ import annotations

from typing import Final

GOALS: Final[dict[str, str]] = {
    "W1": "Camel tuned 6.7k/s, shovel 13.3k, pika pipelined 14.3k (on classic queues); goal ≥ 2.0 x Camel tuned",
    "W2": "Camel 5.8k/s without validation, pika and hand-written conversion 12.1k (classic queues); goal ≥ 2.0 x Camel, validated",
    "W3": "Camel 143k rows/s without types, exchange and two steps 395k, plain marshmallow 54k; goal ≥ 2.0 x Camel, validated, memory flat",
    "W4": "Camel 20-22k requests/s, p99 5-8 ms; uvicorn worker 33-49k inline; goal ≥ 1.3 x Camel, p99 not worse",
    "W4-durable": "Camel 4.4k requests/s, 8.3k from the confirm's callback; goal ≥ 1.8 x Camel",
    "W5": "Camel 0.8-1.3M msg/s, plain closures 2.4M; goal ≥ 1.0 x Camel with full semantics",
    "W6": "Camel 0.9 s and 114 MB (261 under W1), bare pika 0.08 s and 24 MB; goal ≤ 0.35 x and ≤ 0.5 x Camel",
    "sqlite": "no figure: the embedded broker is for one host, each commit is an fsync of the machine's disk",
    "prices": "100,000 rows of the demo's price list well under 60 s, memory flat",
}
