import json
import threading
import time

import pytest

from esb.broker.contract import Delivery, Move, Outgoing, Retry, subscription_queue
from esb.broker.memory import MemoryBroker, MemoryStore
from esb.context import RouteContext
from esb.errors import (
    ConnectionLost,
    Malformed,
    NotConnected,
    OptionError,
    Rejected,
    RemoteFault,
    StepFailed,
    Unroutable,
    ValidationFailed,
)
from esb.exchange import Exchange
from esb.testing.process import until

FAST = "redeliveryDelay=1&maximumRedeliveryDelay=2"


def put(broker, queue, body=b"x", id="m1", **headers):
    stored = threading.Event()
    failures = []

    def done(error):
        failures.append(error)
        stored.set()

    broker.publish(queue, Outgoing(id, body, headers, "text/plain"), done)
    assert stored.wait(5.0)
    assert failures == [None]


def failing(error):
    def fail(exchange):
        raise error

    return fail


@pytest.fixture
def moved(memory_broker):
    """Waits for a message on a queue of failed ones and returns it; the queue it came from must be empty then."""

    def one(queue, origin="q"):
        until(lambda: queue in memory_broker.queues() and memory_broker.depth(queue))
        until(lambda: not memory_broker.depth(origin))
        (stored,) = memory_broker.browse(queue)
        return stored

    return one


def test_a_send_returns_when_the_message_is_on_the_queue(drive, memory_broker):
    drive.send("bus:q", Exchange("x", {"h": 1}))
    (stored,) = memory_broker.browse("q")
    assert (stored.body, stored.headers) == (b"x", {"h": 1})


def test_a_pipelined_send_says_when_it_is_done(drive, memory_broker):
    answered = threading.Event()
    outcome = []

    def done(error):
        outcome.append(error)
        answered.set()

    drive.producer("bus:q").send_pipelined(Exchange("x"), done)
    assert answered.wait(5.0)
    assert outcome == [None]
    assert memory_broker.depth("q") == 1


def test_a_refused_message_is_raised_to_the_sender(drive, memory_broker):
    producer = drive.producer("bus:q")
    memory_broker.close()
    with pytest.raises(Exception, match="closed"):
        producer.send(Exchange("x"))


def test_a_delivery_is_acknowledged_when_its_unit_settles(drive, memory_broker, collected):
    route = collected(lambda exchange: exchange.unit.hold())
    drive.consumer("bus:q", route)
    put(memory_broker, "q", h=1)
    (exchange,) = route.wait(1)
    assert (exchange.body, exchange.headers["h"], exchange.id) == (b"x", 1, "m1")
    assert memory_broker.depth("q") == 1
    exchange.unit.release()
    until(lambda: memory_broker.depth("q") == 0)


def test_a_message_that_the_route_did_not_handle_comes_again_and_then_is_a_dead_letter(
    drive, memory_broker, collected, moved
):
    route = collected(failing(StepFailed("no luck")))
    drive.consumer(f"bus:q?maximumRedeliveries=2&{FAST}", route)
    put(memory_broker, "q", b"body", h=1)
    dead = moved("q.dlq")
    assert [exchange.headers.get("CamelRedeliveryCounter") for exchange in route.exchanges] == [None, 1, 2]
    history = {name: value for name, value in dead.headers.items() if name.startswith("esb-")}
    assert history.pop("esb-failed-at").endswith("+00:00")
    tried = json.loads(history.pop("esb-tried"))
    assert [(one["attempt"], one["error"]) for one in tried] == [(1, "StepFailed: no luck"), (2, "StepFailed: no luck")]
    assert history == {
        "esb-error-class": "esb.errors.StepFailed",
        "esb-error": "no luck",
        "esb-attempts": 3,
        "esb-origin-queue": "q",
    }


def test_a_dead_letter_is_the_message_as_it_was_delivered(drive, memory_broker, moved):
    def spoil(exchange):
        exchange.body = "spoiled"
        exchange.headers["h"] = exchange.headers["new"] = 2
        raise StepFailed("no luck")

    drive.consumer(f"bus:q?maximumRedeliveries=1&{FAST}", spoil)
    put(memory_broker, "q", b"body", h=1)
    dead = moved("q.dlq")
    assert (dead.id, dead.body, dead.content_type, dead.headers["h"], "new" in dead.headers) == (
        "m1",
        b"body",
        "text/plain",
        1,
        False,
    )


def uncertain(error):
    """What a call that may not be made twice ends with when nobody knows whether it had its effect."""
    error.uncertain = error.retriable = True
    return error


def wrapped(error):
    outer = StepFailed("the step failed")
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    ("error", "options", "queue", "attempts"),
    [
        (ValidationFailed("bad", [{"path": "a", "message": "missing"}]), "", "q.invalid", 1),
        (Malformed("not JSON"), "", "q.invalid", 1),
        (RemoteFault("no such customer"), "", "q.invalid", 1),
        (RemoteFault("no such customer"), "&onFault=dead", "q.dlq", 1),
        (RemoteFault("no such customer"), "&onFault=retry", "q.dlq", 3),
        (Unroutable("no such queue"), "", "q.dlq", 1),
        (Rejected("queue full"), "", "q.dlq", 3),
        (ConnectionLost("gone"), "", "q.dlq", 3),
        (uncertain(ConnectionLost("gone")), "", "q.dlq", 1),
        (uncertain(RemoteFault("a gateway heard nothing")), "&onFault=retry", "q.dlq", 1),
        (uncertain(Malformed("the answer to a call")), "", "q.dlq", 1),
        (wrapped(uncertain(ValidationFailed("the answer to a call"))), "", "q.dlq", 1),
        (ValueError("whatever"), "", "q.dlq", 3),
        (ValueError("whatever"), "&deadLetterQueue=morgue", "morgue", 3),
        (Malformed("not JSON"), "&invalidQueue=odd", "odd", 1),
    ],
)
def test_what_becomes_of_a_failure_depends_on_whether_trying_again_may_help(
    drive, memory_broker, collected, moved, error, options, queue, attempts
):
    route = collected(failing(error))
    drive.consumer(f"bus:q?maximumRedeliveries=2&{FAST}{options}", route)
    put(memory_broker, "q")
    assert moved(queue).headers["esb-attempts"] == attempts
    assert len(route.exchanges) == attempts


def test_a_cause_decides_behind_a_wrapper(drive, memory_broker, moved):
    def fail(exchange):
        try:
            raise Malformed("not JSON", [{"path": "a.b", "message": "missing"}])
        except Malformed as inner:
            raise StepFailed("wrapped") from inner

    drive.consumer("bus:q", fail)
    put(memory_broker, "q")
    assert moved("q.invalid").headers["esb-report"] == '[{"path": "a.b", "message": "missing"}]'


def test_a_failure_that_comes_after_the_route_returned_counts(drive, memory_broker, moved):
    def later(exchange):
        exchange.unit.hold()
        threading.Thread(target=lambda: exchange.unit.release(Unroutable("late"))).start()

    drive.consumer("bus:q", later)
    put(memory_broker, "q")
    assert moved("q.dlq").headers["esb-error"] == "late"


def test_an_error_on_a_dead_letter_shows_no_password(drive, memory_broker, moved):
    error = Unroutable("amqp://me:geheim@host/ refused token=abc, password: 'p w'")
    drive.consumer("bus:q", failing(error))
    put(memory_broker, "q")
    assert moved("q.dlq").headers["esb-error"] == "amqp://***@host/ refused token=***, password: ***"


class Settled:
    """A subscription that remembers what was settled: for deliveries no broker in memory would make."""

    def __init__(self):
        self.outcomes = []

    def settle(self, outcomes):
        self.outcomes += [outcome for _, outcome in outcomes]


@pytest.mark.parametrize(
    ("returns", "options", "runs"),
    [(100, "", 1), (101, "", 0), (21, "?maximumReturns=-1", 1), (1, "?maximumReturns=0", 0)],
)
def test_a_message_that_keeps_killing_its_process_is_put_aside(drive, collected, returns, options, runs):
    route = collected()
    consumer = drive.endpoint(f"bus:q{options}").consumer(lambda exchanges: [route(one) for one in exchanges])
    consumer._subscription = settled = Settled()
    consumer._run(Delivery("m1", b"x", {}, None, "q", 1, True, 1, returns=returns))
    assert len(route.exchanges) == runs
    if not runs:
        (moved,) = settled.outcomes
        assert moved.queue == "quarantine"
        assert f"came back {returns} times" in moved.headers["esb-error"]


def test_several_threads_run_at_once(drive, memory_broker, collected):
    meeting = threading.Barrier(3)
    route = collected(lambda exchange: meeting.wait(5.0))
    drive.consumer("bus:q?concurrentConsumers=3", route)
    for number in range(3):
        put(memory_broker, "q", id=f"m{number}")
    route.wait(3)


def test_an_ordered_queue_holds_the_rest_up_while_it_retries(drive, memory_broker, collected):
    failures = iter([True, True, False, False, False])

    def fail_twice(exchange):
        if next(failures):
            raise StepFailed("not yet")

    route = collected(fail_twice)
    memory_broker.queue("q")
    for number in range(3):
        put(memory_broker, "q", id=f"m{number}")
    drive.consumer(f"bus:q?ordered=true&{FAST}", route)
    route.wait(5)
    assert [exchange.id for exchange in route.exchanges] == ["m0", "m0", "m0", "m1", "m2"]
    assert {exchange.waits for exchange in route.exchanges} == {1}
    until(lambda: memory_broker.depth("q") == 0)


def test_an_ordered_queue_goes_on_after_a_dead_letter(drive, memory_broker, collected, moved):
    def fail_first(exchange):
        if exchange.id == "m0":
            raise StepFailed("never")

    route = collected(fail_first)
    memory_broker.queue("q")
    for number in range(2):
        put(memory_broker, "q", id=f"m{number}")
    drive.consumer(f"bus:q?ordered=true&maximumRedeliveries=1&{FAST}", route)
    assert moved("q.dlq").headers["esb-attempts"] == 2
    assert [exchange.id for exchange in route.exchanges] == ["m0", "m0", "m1"]


def test_a_stop_ends_the_pause_of_an_ordered_queue_and_gives_all_back_in_order(drive, memory_broker, collected):
    route = collected(failing(StepFailed("not yet")))
    memory_broker.queue("q")
    for number in range(3):
        put(memory_broker, "q", id=f"m{number}")
    consumer = drive.consumer("bus:q?ordered=true&redeliveryDelay=1h&maximumRedeliveryDelay=1h", route)
    route.wait(1)
    consumer.stop(5.0)
    again = collected()
    drive.consumer("bus:q?ordered=true", again)
    again.wait(3)
    assert [exchange.id for exchange in again.exchanges] == ["m0", "m1", "m2"]


def test_a_stop_waits_for_what_runs_and_gives_back_the_rest(drive, memory_broker, collected):
    begun, go_on = threading.Event(), threading.Event()

    def slow(exchange):
        begun.set()
        go_on.wait(5.0)

    route = collected(slow)
    memory_broker.queue("q")
    for number in range(5):
        put(memory_broker, "q", id=f"m{number}")
    consumer = drive.consumer("bus:q", route)
    assert begun.wait(5.0)
    threading.Timer(0.01, go_on.set).start()
    consumer.stop(5.0)
    assert len(route.exchanges) == 1
    assert [stored.id for stored in memory_broker.browse("q")] == ["m1", "m2", "m3", "m4"]


def test_a_stop_names_what_it_could_not_wait_for(drive, memory_broker, collected, caplog):
    route = collected(lambda exchange: exchange.unit.hold())
    consumer = drive.consumer("bus:q", route)
    put(memory_broker, "q")
    route.wait(1)
    consumer.stop(0.0)
    assert "with 1 messages under way; they settle late or come again: m1" in caplog.text
    assert memory_broker.depth("q") == 1
    route.exchanges[0].unit.release()
    assert memory_broker.depth("q") == 0


def test_a_suspended_consumer_takes_nothing_until_it_is_resumed(drive, memory_broker, collected):
    route = collected()
    consumer = drive.consumer("bus:q", route)
    consumer.suspend()
    put(memory_broker, "q")
    assert memory_broker.depth("q") == 1
    consumer.resume()
    route.wait(1)


def test_every_subscription_of_a_topic_gets_a_message_also_while_its_route_does_not_run(
    drive, memory_broker, collected
):
    erp, cms = collected(), collected()
    drive.consumer("bus:topic:prices?subscription=erp", erp).stop()
    drive.consumer("bus:topic:prices?subscription=cms", cms)
    drive.send("bus:topic:prices", Exchange("x"))
    cms.wait(1)
    assert memory_broker.depth(subscription_queue("prices", "erp")) == 1
    drive.consumer("bus:topic:prices?subscription=erp", erp)
    erp.wait(1)


def test_the_dead_letters_of_a_subscription_have_a_queue_of_their_own(drive, memory_broker):
    drive.consumer("bus:topic:prices?subscription=erp", failing(Unroutable("x")))
    drive.send("bus:topic:prices", Exchange("x"))
    until(lambda: memory_broker.depth("prices.erp.dlq"))
    (dead,) = memory_broker.browse("prices.erp.dlq")
    assert dead.headers["esb-origin-queue"] == subscription_queue("prices", "erp")


def test_an_exclusive_queue_is_declared_so_by_senders_too(drive, memory_broker, collected):
    producer = drive.endpoint("bus:q").producer()
    drive.consumer("bus:q?exclusive=true", collected())
    producer.start()
    assert memory_broker._store.queues["q"].exclusive


def test_of_an_exclusive_queue_one_process_consumes_and_another_takes_over(collected):
    store = MemoryStore()
    contexts, routes = [], []
    for _ in range(2):
        context = RouteContext(services={"broker": lambda _: MemoryBroker(store)})
        route = collected()

        def deliver(exchanges, route=route):
            for exchange in exchanges:
                route(exchange)
                exchange.unit.release()

        consumer = context.endpoint("bus:q?exclusive=true").consumer(deliver)
        consumer.start()
        contexts.append((context, consumer))
        routes.append(route)
    broker = contexts[0][0].component("bus").broker
    put(broker, "q", id="m1")
    # Which of the two subscribes first is not promised, only that it is one at a time.
    until(lambda: any(route.exchanges for route in routes))
    first = 0 if routes[0].exchanges else 1
    contexts[first][1].stop()
    put(broker, "q", id="m2")
    routes[1 - first].wait(1)
    for context, consumer in contexts:
        consumer.stop()
        context.stop()


def test_a_send_that_waits_is_refused_where_it_would_wait_for_itself(drive):
    producer = drive.producer("bus:q")
    producer.send(Exchange("x"))
    failures = []
    answered = threading.Event()

    def done(error):
        try:
            producer.send(Exchange("y"))
        except StepFailed as failure:
            failures.append(str(failure))
        answered.set()

    producer.send_pipelined(Exchange("x"), done)
    assert answered.wait(5.0)
    assert "broker's own thread" in failures[0]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("bus:a b", "no name of a channel"),
        ("bus:topic:a:b", "no name of a channel"),
        ("bus:q?subscription=x", "has no subscriptions"),
        ("bus:q?concurrentConsumers=0", "concurrentConsumers must be at least 1"),
        ("bus:q?prefetch=0", "prefetch must be at least 1"),
        ("bus:q?backOffMultiplier=0.5", "backOffMultiplier must be at least 1"),
        ("bus:q?ordered=true&concurrentConsumers=2", "ordered needs concurrentConsumers=1"),
        ("bus:topic:t?subscription=s&ordered=true", "ordered and exclusive are for queues"),
        ("bus:q?onFault=panic", "panic"),
    ],
)
def test_options_that_do_not_fit_are_refused_at_load(drive, uri, message):
    with pytest.raises(OptionError, match=message):
        drive.endpoint(uri)


def test_a_consumer_of_a_topic_needs_a_subscription(drive):
    with pytest.raises(OptionError, match="needs a subscription"):
        drive.consumer("bus:topic:prices", lambda exchange: None)


@pytest.mark.parametrize(("attempts", "expected"), [(1, 1.0), (2, 2.0), (3, 4.0), (7, 60.0), (5000, 60.0)])
def test_the_pause_grows_up_to_its_limit(drive, attempts, expected):
    assert drive.endpoint("bus:q").policy().pause(attempts, StepFailed("x")) == expected


def test_what_the_broker_cannot_take_just_now_does_not_count_as_an_attempt(drive):
    policy = drive.endpoint("bus:q").policy()
    away = StepFailed("the send failed")
    away.__cause__ = NotConnected("no leader", outage=True)
    delivery = Delivery("m1", b"x", {}, None, "q", 500, True, 1)
    assert policy.outcome(delivery, away, Exchange(b"x")) == Retry(1.0, counted=False)
    partner = policy.outcome(delivery, NotConnected("the partner is away"), Exchange(b"x"))
    assert isinstance(partner, Move)


def test_the_pause_is_no_shorter_than_the_other_side_asks(drive):
    assert drive.endpoint("bus:q").policy().pause(1, Rejected("busy", retry_after=90.0)) == 90.0


ROUTES = """
- route:
    id: orders
    from:
      uri: "bus:orders?maximumRedeliveries=1&redeliveryDelay=1"
      steps:
        - to: mock:got
        - choice:
            when:
              - simple: "${header.kind} == 'bad'"
                steps:
                  - throwException: {exceptionType: java.lang.IllegalStateException, message: bad}
        - to: bus:done
- from: {uri: "bus:done", steps: [{to: mock:done}]}
- from: {uri: "direct:in", steps: [{to: bus:orders}]}
"""


def test_a_message_goes_from_queue_to_queue(context, memory_broker):
    context.load(ROUTES)
    context.start()
    sent = context.send("direct:in", Exchange({"a": 1}, {"kind": "good"}))
    done = context.endpoint("mock:done")
    assert done.wait(1)
    assert (done.received[0].body, done.received[0].exchange_id) == (b'{"a":1}', sent.id)
    until(lambda: memory_broker.depth("orders") == memory_broker.depth("done") == 0)


def test_a_dead_letter_names_route_and_step(context, memory_broker):
    context.load(ROUTES, "orders.yaml")
    context.start()
    context.send("direct:in", Exchange("x", {"kind": "bad"}))
    until(lambda: memory_broker.depth("orders.dlq"))
    (dead,) = memory_broker.browse("orders.dlq")
    assert dead.headers["esb-failed-route"] == "orders"
    assert dead.headers["esb-step"].startswith("throwException")
    assert dead.headers["esb-step-at"].startswith("orders.yaml:12:")
    assert dead.headers["esb-error"] == "bad"
    assert context.endpoint("mock:got").count == 2


def test_an_error_that_the_route_handles_is_no_failure_of_the_delivery(context, memory_broker):
    context.load("""
- route:
    errorHandler: {deadLetterChannel: {deadLetterUri: "mock:dead"}}
    from:
      uri: "bus:q"
      steps:
        - throwException: {exceptionType: java.lang.IllegalStateException, message: bad}
- from: {uri: "direct:in", steps: [{to: "bus:q"}]}
""")
    context.start()
    context.send("direct:in", Exchange("x"))
    assert context.endpoint("mock:dead").wait(1)
    until(lambda: memory_broker.depth("q") == 0)
    assert memory_broker.depth("q.dlq") == 0


CALLS = """
- route:
    from:
      uri: "bus:try?maximumRedeliveries=0"
      steps:
        - doTry:
            steps: [{to: "direct:fails"}]
            doCatch: [{exception: [java.lang.Exception], steps: [{to: mock:caught}]}]
- route:
    from:
      uri: "bus:wait?maximumRedeliveries=0"
      steps:
        - doTry:
            steps: [{to: "seda:fails?waitForTaskToComplete=Always"}]
            doCatch: [{exception: [java.lang.Exception], steps: [{to: mock:caught}]}]
- route:
    errorHandler: {deadLetterChannel: {deadLetterUri: "mock:caught"}}
    from: {uri: "bus:handle?maximumRedeliveries=0", steps: [{to: "direct:fails"}]}
- route:
    from: {uri: "bus:split?maximumRedeliveries=0", steps: [{split: {tokenize: ",", steps: [{to: "seda:fails"}]}}, {to: mock:caught}]}
- route:
    errorHandler: {noErrorHandler: {}}
    from: {uri: "direct:fails", steps: [{throwException: {exceptionType: java.lang.IllegalStateException, message: bad}}]}
- route:
    from: {uri: "seda:fails", steps: [{throwException: {exceptionType: java.lang.IllegalStateException, message: bad}}]}
- from: {uri: "direct:in", steps: [{toD: "bus:${header.q}"}]}
"""


@pytest.mark.parametrize(("queue", "dead"), [("try", 0), ("wait", 0), ("handle", 0), ("split", 1)])
def test_a_delivery_fails_only_by_what_nobody_handled(context, memory_broker, queue, dead):
    context.load(CALLS)
    context.start()
    context.send("direct:in", Exchange("a,b", {"q": queue}))
    assert context.endpoint("mock:caught").wait(1)
    until(lambda: memory_broker.depth(queue) == 0)
    assert memory_broker.depth(f"{queue}.dlq") == dead


@pytest.mark.parametrize("copy", ["false", "true"])
def test_messages_of_a_loop_have_ids_of_their_own(context, memory_broker, copy):
    context.load(
        f"- route: {{from: {{uri: direct:start, steps: [{{loop: {{constant: 3, copy: {copy}, steps: [{{to: bus:pages}}]}}}}]}}}}",
        file="x.yaml",
    )
    context.start()
    id = context.send("direct:start", Exchange("x")).id
    assert [message.id for message in memory_broker.browse("pages")] == [id, f"{id}.2", f"{id}.3"]


def test_a_queue_in_memory_stops_after_what_feeds_it(context, memory_broker):
    begun = threading.Event()
    done = []

    def work(exchange):
        begun.set()
        time.sleep(0.005)
        done.append(exchange.body)

    context.bind("bean", "work", work)
    context.load(
        """
        - route: {from: {uri: "bus:pages?prefetch=20", steps: [{to: "seda:work"}]}}
        - route: {from: {uri: "seda:work", steps: [{process: {ref: work}}]}}
        """,
        file="x.yaml",
    )
    memory_broker.queue("pages")
    for number in range(1000):
        put(memory_broker, "pages", b"x", f"m{number}")
    context.start()
    assert begun.wait(5)
    before = time.monotonic()
    context.stop(drain=2)
    assert time.monotonic() - before < 1.5  # nobody waited for messages that no thread takes
    assert len(done) + memory_broker.depth("pages") == 1000


@pytest.mark.parametrize("steps", ["{to: 'direct:erp'}, {to: 'mock:x'}", "{to: 'direct:erp'}"])
def test_what_waits_in_a_called_route_when_the_bus_stops_goes_back(context, memory_broker, steps):
    tried = threading.Event()

    def down(exchange):
        tried.set()
        raise OSError("down")

    context.bind("bean", "erp", down)
    context.load(
        f"""
        - onException:
            exception: [java.io.IOException]
            handled: {{constant: "true"}}
            redeliveryPolicy: {{maximumRedeliveries: 20, redeliveryDelay: 60s}}
        - from: {{uri: "bus:q", steps: [{steps}]}}
        - from: {{uri: "direct:erp", steps: [{{process: {{ref: erp}}}}]}}
        """,
        file="x.yaml",
    )
    context.start()
    put(memory_broker, "q")
    assert tried.wait(5)
    context.stop(drain=5)
    assert memory_broker.depth("q") == 1
