"""A durable saga under kill -9: what was done is undone by the next process, each step at least once and nothing forgotten."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from esb.context import RouteContext
from esb.exchange import Exchange
from esb.testing.process import until

ROOT = Path(__file__).parents[2]
ROUTES = """
- beans: [{name: saga, type: "esb.stores.coordinator:SqliteSagaService"}]
- route:
    id: order
    from:
      uri: direct:order
      steps:
        - saga:
            id: s
            sagaService: saga
            compensation: direct:cancel
            option: [{key: orderId, expression: {simple: "${body}"}}]
            steps: [{process: {ref: work}}]
- route: {id: cancel, from: {uri: direct:cancel, steps: [{process: {ref: cancel}}]}}
"""
CHILD = textwrap.dedent("""
    import sys, threading, pathlib
    from esb.context import RouteContext
    from esb.exchange import Exchange, IN_OUT
    folder = pathlib.Path(sys.argv[1])
    def work(exchange):
        (folder / f"worked-{exchange.body}").touch()
        threading.Event().wait()
    context = RouteContext("child", folder=folder)
    context.bind("bean", "work", work)
    context.bind("bean", "cancel", lambda exchange: None)
    context.load(pathlib.Path(sys.argv[2]), "saga.yaml")
    context.start()
    for order in range(5):
        threading.Thread(target=context.send, args=("direct:order", Exchange(str(order), pattern=IN_OUT))).start()
    threading.Event().wait()
""")


def test_what_a_killed_process_had_begun_is_undone_by_the_next(tmp_path):
    routes = tmp_path / "saga.yaml"
    routes.write_text(ROUTES)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), str(routes)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    try:
        until(lambda: len(list(tmp_path.glob("worked-*"))) == 5, "all orders are in the middle of their work")
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    cancelled: set[str] = set()
    context = RouteContext("next", folder=tmp_path)
    context.bind("bean", "work", lambda exchange: None)
    context.bind("bean", "cancel", lambda exchange: cancelled.add(exchange.headers["orderId"]))
    context.load(routes, "saga.yaml")
    context.start()
    try:
        until(lambda: cancelled == {"0", "1", "2", "3", "4"}, "all are undone")
        assert context.send("direct:order", Exchange("5")).error is None
        assert "5" not in cancelled
    finally:
        context.stop(5.0)
