"""Metrics and the management paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from esb.runtime.browsers import keep_pages_out
from esb.runtime.management import mount_management
from esb.runtime.metrics import exposition
from esb.runtime.status import health
from tools.reference.markdown import code, first_line, inline, prose, table
from tools.reference.markdown import page as whole

_ABOUT = """
Every instance has a management port (``management`` in esb.yaml), on loopback unless said otherwise. Whichever worker answers speaks for all of them.
"""

_SAMPLE: dict[str, Any] = {
    "workers": [
        {
            "pid": 1,
            "ready": True,
            "memory": 1,
            "broker": "connected",
            "lease": True,
            "http_inflight": 0,
            "connections": {"rabbitmq localhost:5672/": "connected"},
        }
    ],
    "failures": [],
    "routes": {"a": {"status": "Started", "inflight": 0, "completed": 1, "failed": 0, "seconds": 0.1}},
}


def page() -> str:
    """Paths of the management port, and the metrics that it gives."""
    return whole(
        "Health and metrics",
        _ABOUT,
        [
            "## Paths",
            prose((mount_management.__doc__ or "").partition("\n")[2]),
            prose(keep_pages_out.__doc__ or ""),
            f"Health is {first_line(health.__doc__)}",
            "## Metrics",
            inline(
                "``GET /metrics`` gives them in Prometheus' text format. They are read when they are asked for; a message pays nothing for them."
            ),
            table(("metric", "type", "labels", "meaning"), list(_metrics())),
        ],
    )


def _metrics() -> Iterator[tuple[str, str, str, str]]:
    text = exposition(_SAMPLE, {"q": 1}).decode()
    for name, meaning in re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE):
        kind = re.search(rf"^# TYPE {name} (\S+)$", text, re.MULTILINE)
        labels = re.search(rf"^{name}\{{(.*)\}} ", text, re.MULTILINE)
        names = re.findall(r'(\w+)="', labels[1]) if labels else []
        yield code(name), kind[1] if kind else "", ", ".join(map(code, names)), meaning
