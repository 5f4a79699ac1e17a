"""Partners that hang, drip, answer late, or refuse; over HTTP and over SOAP."""

import threading
import time

import pytest

from esb.testing.process import until
from tests.faults.partners import STOCK, Target, call
from tests.faults.site import FAILED
from tests.faults.store import client, publish

pytestmark = pytest.mark.broker
ROUTES = """
- route:
    id: call
    from:
      uri: bus:in
      parameters: {{concurrentConsumers: 2, prefetch: 10, redeliveryDelay: 100, maximumRedeliveries: {retries}, maximumRedeliveryDelay: 500}}
      steps: {steps}
- route:
    id: other
    from:
      uri: bus:other
      steps:
        - to: bus:out
"""
OPENS_AFTER = 5
BREAKER = (
    "[{{circuitBreaker: {{resilience4jConfiguration: {{slidingWindowSize: 5, minimumNumberOfCalls: 5, waitDurationInOpenState: 8, "
    "permittedNumberOfCallsInHalfOpenState: 1, throwExceptionWhenHalfOpenOrOpenState: true}}, steps: {steps}}}}}]"
)
BOTH = pytest.mark.parametrize("soap", [False, True], ids=["http", "soap"])


@pytest.fixture
def target():
    made = []

    def make(behave, *, soap):
        made.append(Target(behave, soap=soap))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def calling(site, rabbit):
    """Makes a site whose route calls a partner."""

    def make(partner, *, soap, retries=-1, deadline=1000, idempotent=True, breaker=False, method="POST"):
        steps = call(partner.port, soap=soap, deadline=deadline, idempotent=idempotent, method=method)
        steps = BREAKER.format(steps=steps) if breaker else steps
        here = site(rabbit, routes=ROUTES.format(retries=retries, steps=steps))
        here.bus.write("stock.wsdl", STOCK)
        return here

    return make


def account(here, partner):
    """Take down what the partner has done."""
    for body in partner.taken:
        here.ledger.arrived(body, "target")
    here.finish()
    return here.account()


def hang(target, _request):
    target.leave.wait(60)


def drip(target, request):
    request.send_response(200)
    request.send_header("Content-Type", "text/xml")
    request.send_header("Content-Length", "1000")
    request.end_headers()
    while not target.leave.wait(0.2):
        request.wfile.write(b" ")
        request.wfile.flush()


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(
            hang,
            id="hang",
            marks=pytest.mark.fault(
                "F25",
                "a target that takes the call and never answers",
                "the call ends at its deadline, the circuit opens after 5; other routes go on; all calls are made in the end",
            ),
        ),
        pytest.param(
            drip,
            id="drip",
            marks=pytest.mark.fault(
                "F26",
                "a target that answers one byte at a time",
                "the deadline for the whole call ends it, the circuit opens after 5; other routes go on; all calls are made in the end",
            ),
        ),
    ],
)
@BOTH
def test_a_call_ends_at_its_deadline(calling, record, target, behaviour, soap):
    healthy = threading.Event()

    def behave(target, request):
        if healthy.is_set():
            request.answer(200)
        else:
            behaviour(target, request)

    partner = target(behave, soap=soap)
    here = calling(partner, soap=soap, breaker=True)
    here.publish(10)
    here.bus.start()
    until(partner.begun.is_set, "the call hangs")
    here.publish(50, "other")
    begun = time.monotonic()
    until(lambda: here.out() == 50, "another route is not held up")
    beside = time.monotonic() - begun
    until(lambda: "CallNotPermitted" in here.bus.log, "the circuit is open")
    calls = partner.calls
    assert OPENS_AFTER <= calls <= OPENS_AFTER + 2, (
        "two consumers: one may have been in the middle of a call, one is the trial"
    )
    assert "did not answer within" in here.bus.log
    healthy.set()
    here.healed()
    until(lambda: len(set(partner.taken)) == 10, "all calls are made")
    record(
        account(here, partner),
        duplicates=0,
        measured=f"{'SOAP' if soap else 'HTTP'}; open after {calls} calls; 50 messages of another route meanwhile in {beside:.1f} s",
    )


def run_late(calling, target, **options):
    """Ten messages for a partner that is late with those that it takes first: the site, the partner, and how many were late, when all have ended."""
    late = threading.Event()
    begun = []

    def behave(_target, request):
        if late.is_set():
            request.answer(200)
            return
        partner.taken.append(request.body)
        begun.append(request.body)
        late.wait(3)
        late.set()  # too late for whoever asked: the answer goes nowhere

    partner = target(behave, soap=options["soap"])
    here = calling(partner, **options)
    here.publish(10)
    here.bus.start()

    def ended():
        return late.is_set() and here.store.depth("in") == 0 and not here.bus.status()["routes"]["call"]["inflight"]

    until(lambda: len(set(partner.taken)) == 10 and ended(), "all calls are made, and settled")
    return here, partner, len(begun)


@pytest.mark.parametrize(
    ("soap", "method", "idempotent"),
    [
        pytest.param(True, "POST", True, id="soap"),
        pytest.param(False, "POST", True, id="http"),
        pytest.param(False, "PUT", False, id="put"),
    ],
)
@pytest.mark.fault(
    "F27",
    "a target that answers after the deadline: the effect has happened; the operation is idempotent",
    "the outcome is unknown: tried again, so the effect may repeat; never lost",
)
def test_a_late_answer_of_an_idempotent_operation_is_tried_again(calling, record, target, soap, method, idempotent):
    here, partner, late = run_late(calling, target, soap=soap, method=method, idempotent=idempotent)
    repeated = len(partner.taken) - 10
    told = account(here, partner)
    assert told.set_aside == 0
    assert not here.found["in.dlq"]
    assert repeated > 0
    kind = "SOAP, declared" if soap else f"HTTP {method}{', declared' if idempotent else ''}"
    record(
        told, duplicates=late, measured=f"{kind}; {late} answers after a deadline of 1 s, {repeated} effects repeated"
    )


@BOTH
@pytest.mark.fault(
    "F27",
    "a target that answers after the deadline: the effect has happened; the operation is not declared idempotent",
    "the outcome is unknown: a dead letter that says so, no second effect; never lost",
)
def test_a_late_answer_of_another_operation_is_a_dead_letter(calling, record, target, soap):
    here, partner, late = run_late(calling, target, soap=soap, idempotent=False)
    told = account(here, partner)
    uncertain = here.found["in.dlq"]
    assert len(uncertain) == late > 0
    assert all("it may have had its effect" in one.headers["esb-error"] for one in uncertain)
    assert all(one.headers["esb-attempts"] == 1 for one in uncertain)
    record(
        told,
        duplicates=0,
        also_set_aside=late,  # the effect is there, and the dead letter asks a person to look
        measured=f"{'SOAP' if soap else 'HTTP POST'}; {len(uncertain)} uncertain, kept as dead letters",
    )


@pytest.mark.fault(
    "F28",
    "a target that answers 500, 503, 429 with Retry-After, and 422",
    "the first three are tried again, no sooner than asked; 422 is not",
)
def test_refusals_are_judged_by_their_kind(calling, record, target):
    def behave(kind, request, first):
        if kind == "422":
            request.answer(422)
        elif first:
            request.answer(int(kind), **({"Retry_After": "2"} if kind != "500" else {}))
        else:
            request.answer(200)

    record(judged(calling, target, behave, ("500", "503", "429", "422"), soap=False, refused=("422",)), duplicates=0)


@pytest.mark.fault(
    "F28",
    "a SOAP target that answers 500 and 502 without SOAP, 503 and 429 with Retry-After, a declared fault, a Client and a Server fault",
    "what is no fault is tried again, no sooner than asked; faults are the partner's answer and are not",
)
def test_faults_are_judged_by_their_kind(calling, record, target):
    unknown = '<detail><s:UnknownArticle xmlns:s="urn:example:stock"><s:sku>x</s:sku></s:UnknownArticle></detail>'

    def behave(kind, request, first):
        match kind:
            case "declared":
                request.fault(500, "Client", unknown)
            case "Client" | "Server":
                request.fault(500, kind)
            case _ if not first:
                request.answer(200)
            case "503fault":
                request.fault(503, "Server", Retry_After="2")
            case "503" | "429":
                request.answer(int(kind), "busy", Retry_After="2")
            case _:
                request.answer(int(kind), "<html>no</html>", Content_Type="text/html")

    faults = ("declared", "Client", "Server")
    kinds = ("500", "502", "503", "503fault", "429", *faults)
    record(judged(calling, target, behave, kinds, soap=True, refused=faults), duplicates=0)


def judged(calling, target, behave, kinds, *, soap, refused):
    """Two messages of each kind, for a partner that treats the first try and later ones each by its kind; the account."""
    seen = {}

    def one(_target, request):
        times = seen.setdefault(request.body, [])
        times.append(time.monotonic())
        behave(request.body.partition("-")[0], request, len(times) == 1)

    partner = target(one, soap=soap)
    here = calling(partner, soap=soap, deadline=20000, retries=3)
    keys = [f"{kind}-{n}" for kind in kinds for n in range(2)]
    aside = 2 * len(refused)
    with client(here.url) as broker:
        publish(broker, "in", keys, here.ledger)
    here.bus.start()
    until(
        lambda: len(partner.taken) == len(keys) - aside and sum(map(here.store.depth, FAILED)) == aside,
        "all have ended somewhere",
    )
    told = account(here, partner)
    assert all(len(times) == 1 for key, times in seen.items() if key.startswith(refused))
    assert all(times[1] - times[0] >= 1.9 for key, times in seen.items() if key[:3] in {"503", "429"})
    assert told.set_aside == aside
    return told
