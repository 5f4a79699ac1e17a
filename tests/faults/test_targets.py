"""Partners that hang, drip, answer late, or refuse."""

import http.server
import threading
import time

import pytest

from esb.testing.process import until
from tests.faults.site import FAILED
from tests.faults.store import client, publish

CALL = """
- route:
    id: call
    from:
      uri: bus:in
      parameters: {{concurrentConsumers: 2, prefetch: 10, redeliveryDelay: 100, maximumRedeliveries: {retries}, maximumRedeliveryDelay: 500}}
      steps:
        - to: http://127.0.0.1:{port}/target?responseTimeout={deadline}
- route:
    id: other
    from:
      uri: bus:other
      steps:
        - to: bus:out
"""


class Target:
    """A partner: what it does to a request is told it by a function (handler) -> None; it keeps the bodies that it took."""

    def __init__(self, behave):
        self.taken = []
        self.calls = 0
        self.begun = threading.Event()
        self.leave = threading.Event()
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.body = self.rfile.read(int(self.headers["Content-Length"])).decode().strip()
                target.calls += 1
                target.begun.set()
                behave(target, self)

            def answer(self, status, body=b"fine", **headers):
                if status < 300:
                    target.taken.append(self.body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.leave.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def target():
    made = []

    def make(behave):
        made.append(Target(behave))
        return made[-1]

    yield make
    for one in made:
        one.close()


def hang(target, request):
    if not target.leave.wait(0 if "now" in target.taken else 60):
        return
    request.answer(200)


def drip(target, request):
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    while not target.leave.wait(0.2):
        request.wfile.write(b".")
        request.wfile.flush()


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(
            hang,
            marks=pytest.mark.fault(
                "F25",
                "a target that takes the call and never answers",
                "the call ends at its deadline and is tried again; other routes go on",
            ),
        ),
        pytest.param(
            drip,
            marks=pytest.mark.fault(
                "F26",
                "a target that answers one byte at a time",
                "the deadline for the whole call ends it; other routes go on",
            ),
        ),
    ],
)
@pytest.mark.broker
def test_a_call_ends_at_its_deadline(site, rabbit, record, target, behaviour):
    healthy = threading.Event()

    def behave(target, request):
        if healthy.is_set():
            request.answer(200)
        else:
            behaviour(target, request)

    partner = target(behave)
    here = site(rabbit, routes=CALL.format(port=partner.port, deadline=1000, retries=-1))
    here.publish(10)
    here.bus.start()
    until(partner.begun.is_set, "the call hangs")
    here.publish(50, "other")
    begun = time.monotonic()
    until(lambda: here.out() == 50, "another route is not held up")
    beside = time.monotonic() - begun
    until(
        lambda: "DeadlineExceeded" in here.bus.log or here.bus.status()["routes"]["call"]["failed"],
        "the deadline has come",
    )
    healthy.set()
    here.healed()
    until(lambda: len(set(partner.taken)) == 10, "all calls are made")
    for body in partner.taken:
        here.ledger.arrived(body, "target")
    here.finish()
    record(here.account(), duplicates=0, measured=f"50 messages of another route meanwhile in {beside:.1f} s")


@pytest.mark.broker
@pytest.mark.fault(
    "F27",
    "a target that answers after the deadline: the effect has happened",
    "the outcome is unknown: tried again, so the effect may repeat unless the target knows the id; never lost",
)
def test_a_late_answer_is_never_a_loss(site, rabbit, record, target):
    late = threading.Event()

    def behave(target, request):
        target.taken.append(request.body)
        if not late.is_set():
            late.wait(3)
            late.set()
        request.send_response(200)
        request.send_header("Content-Length", "0")
        request.end_headers()

    partner = target(behave)
    here = site(rabbit, routes=CALL.format(port=partner.port, deadline=1000, retries=-1))
    here.publish(10)
    here.bus.start()
    until(lambda: len(set(partner.taken)) == 10 and late.is_set(), "all calls are made")
    until(lambda: here.store.depth("in") == 0, "all are settled")
    for body in partner.taken:
        here.ledger.arrived(body, "target")
    here.finish()
    record(
        here.account(),
        duplicates=len(partner.taken) - 10,
        measured=f"{len(partner.taken) - 10} effects repeated after a deadline of 1 s",
    )


@pytest.mark.broker
@pytest.mark.fault(
    "F28",
    "a target that answers 500, 503, 429 with Retry-After, and 422",
    "the first three are tried again, no sooner than asked; 422 is not",
)
def test_refusals_are_judged_by_their_kind(site, rabbit, record, target):
    seen = {}

    def behave(target, request):
        times = seen.setdefault(request.body, [])
        times.append(time.monotonic())
        kind = request.body.partition("-")[0]
        if kind == "422":
            request.answer(422)
        elif len(times) == 1:
            request.answer(int(kind), **({"Retry_After": "2"} if kind != "500" else {}))
        else:
            request.answer(200)

    partner = target(behave)
    here = site(rabbit, routes=CALL.format(port=partner.port, deadline=20000, retries=3))

    keys = [f"{kind}-{n}" for kind in ("500", "503", "429", "422") for n in range(2)]
    with client(rabbit) as broker:
        publish(broker, "in", keys, here.ledger)
    here.bus.start()
    until(
        lambda: len(partner.taken) == 6 and sum(here.store.depth(queue) for queue in FAILED) == 2,
        "all have ended somewhere",
    )
    for body in partner.taken:
        here.ledger.arrived(body, "target")
    here.finish()
    assert all(len(times) == 1 for key, times in seen.items() if key.startswith("422"))
    assert all(times[1] - times[0] >= 1.9 for key, times in seen.items() if key[:3] in {"503", "429"})
    account = here.account()
    assert account.set_aside == 2
    record(account, duplicates=0)
