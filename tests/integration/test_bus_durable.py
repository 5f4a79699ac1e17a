"""The ``bus:`` component on the brokers that keep messages: the embedded one, and RabbitMQ."""

import itertools
import threading

import pytest

from esb.broker import dead_letters
from esb.broker.open import open_broker
from esb.context import RouteContext
from esb.exchange import Exchange
from esb.testing.process import until

_NAMESPACES = itertools.count(1)

ROUTES = """
- route:
    id: orders
    from:
      uri: "bus:orders?maximumRedeliveries=1&redeliveryDelay=10"
      steps:
        - to: mock:seen
        - filter:
            simple: "${header.kind} == 'bad'"
            steps:
              - throwException: {exceptionType: java.lang.IllegalStateException, message: no luck}
        - to: bus:done
- route:
    id: last
    from: {uri: "bus:done?concurrentConsumers=3", steps: [{to: mock:done}]}
- from: {uri: "direct:in", steps: [{to: bus:orders}]}
- from: {uri: "direct:news", steps: [{to: "bus:topic:news"}]}
- from: {uri: "bus:topic:news?subscription=one", steps: [{to: mock:one}]}
- from: {uri: "bus:topic:news?subscription=two", steps: [{to: mock:two}]}
"""


@pytest.fixture(params=["sqlite", pytest.param("amqp", marks=pytest.mark.broker)])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/bus.db"
    node = request.getfixturevalue("rabbit")
    return f"{node.url}?namespace=bus{next(_NAMESPACES)}"


@pytest.fixture
def running(url):
    """Starts contexts on one broker, as processes one after the other or beside each other."""
    contexts = []

    def start(routes=ROUTES):
        context = RouteContext(services={"broker": lambda _: open_broker(url)})
        contexts.append(context)
        context.load(routes, "orders.yaml")
        context.start()
        return context

    yield start
    for context in contexts:
        context.stop(5.0)


def broker(context):
    return context.component("bus").broker


def send(context, uri, body, headers=None):
    sent = context.send(uri, Exchange(body, headers or {}))
    assert sent.error is None
    return sent.id


def test_messages_pass_from_queue_to_queue_and_nothing_is_left(running):
    context = running()
    ids = [send(context, "direct:in", {"n": number}, {"kind": "good", "n": number}) for number in range(50)]
    done = context.endpoint("mock:done")
    assert done.wait(50, 20.0)
    assert sorted(got.exchange_id for got in done.received) == sorted(ids)
    assert {got.headers["Content-Type"] for got in done.received} == {"application/json"}
    until(lambda: broker(context).depth("orders") == broker(context).depth("done") == 0)


def test_a_failing_message_is_retried_dead_lettered_and_replayed(running):
    context = running()
    id = send(context, "direct:in", "body", {"kind": "bad"})
    until(lambda: broker(context).depth("orders.dlq") == 1)
    (letter,) = dead_letters.letters(broker(context), "orders.dlq")
    assert (letter.id, letter.body, letter.headers) == (id, b"body", {"kind": "bad"})
    assert (letter.origin, letter.route, letter.error, letter.attempts) == ("orders", "orders", "no luck", 2)
    assert letter.step.startswith("throwException")
    assert letter.step_at.startswith("orders.yaml:11:")
    seen = context.endpoint("mock:seen")
    assert seen.count == 2
    result = dead_letters.replay(broker(context), "orders.dlq")
    assert result.done == [id]
    assert seen.wait(4, 20.0)
    until(lambda: broker(context).depth("orders.dlq") == 1)
    assert dead_letters.discard(broker(context), "orders.dlq") == 1


def test_every_subscription_gets_every_message(running):
    context = running()
    ids = {send(context, "direct:news", f"n{number}") for number in range(5)}
    for name in ("one", "two"):
        mock = context.endpoint(f"mock:{name}")
        assert mock.wait(5, 20.0)
        assert {got.exchange_id for got in mock.received} == ids


def test_what_was_accepted_before_a_stop_is_delivered_after_the_next_start(running):
    first = running('- from: {uri: "direct:in", steps: [{to: "bus:orders"}]}')
    ids = [send(first, "direct:in", "x", {"kind": "good"}) for _ in range(5)]
    first.stop(5.0)
    second = running()
    done = second.endpoint("mock:done")
    assert done.wait(5, 20.0)
    assert sorted(got.exchange_id for got in done.received) == sorted(ids)


def test_a_stop_gives_back_what_was_not_begun_without_counting_an_attempt(running):
    context = running()
    begun, go_on = threading.Event(), threading.Event()

    def hold(_exchange):
        begun.set()
        go_on.wait(10.0)

    context.endpoint("mock:seen").answer(hold)
    for _ in range(5):
        send(context, "direct:in", "x", {"kind": "good"})
    assert begun.wait(10.0)
    threading.Timer(0.05, go_on.set).start()
    context.stop(10.0)
    seen = context.endpoint("mock:seen").count
    assert seen < 5
    again = running()
    assert again.endpoint("mock:seen").wait(5 - seen, 20.0)
    assert not any("CamelRedelivered" in got.headers for got in again.endpoint("mock:seen").received)


def test_an_ordered_queue_is_consumed_in_order_by_one_of_several_processes(running):
    ordered = """
- from: {uri: "bus:steps?ordered=true", steps: [{to: mock:steps}]}
- from: {uri: "direct:in", steps: [{to: "bus:steps?exclusive=true"}]}
"""
    one, two = running(ordered), running(ordered)
    ids = [send(one, "direct:in", f"{number}") for number in range(30)]
    mocks = [context.endpoint("mock:steps") for context in (one, two)]
    until(lambda: sum(mock.count for mock in mocks) == 30)
    assert [[got.exchange_id for got in mock.received] for mock in mocks if mock.count] == [ids]
