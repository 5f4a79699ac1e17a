"""``rabbitmq:`` on a real node: kinds of queues, dead letters, delays, acknowledgement, and declarations that do not fit."""

import datetime as dt
import logging
import threading
import time

import pytest
from rabbitmq_trial import Trial, send

from esb.errors import ConfigErrors, StepFailed
from esb.testing.process import until

pytestmark = pytest.mark.broker


@pytest.fixture
def trial(rabbit):
    made = Trial(rabbit)
    yield made
    made.close()


FAILING = """
- from:
    uri: "rabbitmq:{exchange}"
    parameters: {{queues: NAME.q, maximumRetryAttempts: 3, retryDelay: 10{more}}}
    steps:
      - to: mock:tried
      - throwException: {{exceptionType: java.lang.IllegalStateException, message: no luck}}
"""


@pytest.mark.parametrize("more", ["", ", asyncConsumer: true"])
def test_what_fails_in_the_end_stands_in_the_dead_letter_queue_as_it_came_with_its_history(trial, more):
    context = trial.start(FAILING.format(exchange="default", more=more))
    trial.put("", "NAME.q", b"tea", message_id="m-1", correlation_id="c-1", headers={"country": "at"})
    properties, body = trial.take("NAME.q.dlq")
    assert (body, properties.message_id, properties.correlation_id) == (b"tea", "m-1", "c-1")
    assert properties.headers["country"] == "at"
    assert properties.headers["esb-attempts"] == 3
    assert "no luck" in properties.headers["esb-error"]
    assert properties.headers["esb-step-at"].startswith("routes.yaml:7:")
    assert len(trial.received(context, "tried", 3)) == 3
    until(lambda: trial.depth("NAME.q") == 0)


def test_dead_letters_go_through_the_named_exchange_with_the_named_key(trial):
    trial.start(
        FAILING.format(
            exchange="NAME",
            more=", routingKey: k, deadLetterExchange: NAME.dead, deadLetterQueue: NAME.gone, deadLetterRoutingKey: late",
        )
    )
    trial.put("NAME", "k", b"tea")
    properties, body = trial.take("NAME.gone")
    assert (body, "esb-error" in properties.headers) == (b"tea", True)


def test_rejected_messages_are_dead_lettered_by_the_broker_itself(trial):
    trial.start(
        FAILING.format(
            exchange="NAME",
            more=", routingKey: k, deadLetters: reject, deadLetterExchange: NAME.dead, deadLetterQueue: NAME.gone",
        )
    )
    trial.put("NAME", "k", b"tea")
    properties, body = trial.take("NAME.gone")
    assert (body, properties.headers["x-death"][0]["reason"]) == (b"tea", "rejected")


def test_a_dead_letter_that_no_queue_takes_stays_in_hand_until_one_does(trial):
    trial.queue("NAME.q", durable=True)
    context = trial.start(FAILING.format(exchange="default", more=", autoDeclare: false"))
    trial.put("", "NAME.q", b"tea")
    trial.received(context, "tried", 3)
    trial.queue("NAME.q.dlq", durable=True)
    assert trial.take("NAME.q.dlq")[1] == b"tea"


def test_a_message_at_fault_is_not_tried_again(trial):
    context = trial.start("""
- from:
    uri: "rabbitmq:default?queues=NAME.q"
    steps: [{to: mock:tried}, {unmarshal: {json: {}}}]
""")
    trial.put("", "NAME.q", b"{not json")
    assert trial.take("NAME.q.dlq")[1] == b"{not json"
    assert len(trial.received(context, "tried", 1)) == 1


def test_the_next_message_waits_while_one_is_tried_again(trial):
    context = trial.start("""
- from:
    uri: "rabbitmq:default?queues=NAME.q&retryDelay=50&maximumRetryAttempts=3"
    steps:
      - to: mock:tried
      - filter:
          simple: "${body} == 'bad'"
          steps: [{throwException: {exceptionType: java.lang.IllegalStateException, message: no}}]
""")
    for body in (b"bad", b"good"):
        trial.put("", "NAME.q", body, content_type="text/plain")
    assert trial.bodies(context, "tried", 4) == ["bad", "bad", "bad", "good"]


def test_messages_of_high_priority_go_first(trial):
    trial.queue("NAME.q", durable=True, arguments={"x-max-priority": 9})
    for number in range(10):
        trial.put("", "NAME.q", b"%d" % number, priority=number, content_type="text/plain")
    context = trial.start("""
- from:
    uri: rabbitmq:default
    parameters: {queues: NAME.q, arg.queue.x-max-priority: 9, prefetchCount: 1}
    steps: [{to: mock:out}]
""")
    assert trial.bodies(context, "out", 10) == [str(number) for number in reversed(range(10))]


def test_a_message_that_expires_goes_to_the_dead_letters(trial):
    context = trial.start("""
- from:
    uri: direct:in
    steps:
      - to:
          uri: rabbitmq:NAME
          parameters: {queues: NAME.q, routingKey: k, autoDeclareProducer: true, deadLetterExchange: NAME.dead, deadLetterQueue: NAME.gone}
""")
    send(context, "direct:in", "x", CamelSpringRabbitmqExpiration=30)
    properties, body = trial.take("NAME.gone")
    assert (body, properties.headers["x-death"][0]["reason"]) == (b"x", "expired")


@pytest.mark.parametrize(("uri", "headers"), [("?delay=300", {}), ("", {"CamelSpringRabbitmqDelay": "250"})])
def test_a_delayed_message_comes_later_to_where_it_was_sent(trial, uri, headers):
    context = trial.start("""
- from: {uri: "rabbitmq:NAME?exchangeType=topic&routingKey=a.*&queues=NAME.q", steps: [{to: mock:out}]}
""")
    began = time.monotonic()
    send(context, f"rabbitmq:{trial.name}{uri}", "later", CamelSpringRabbitmqRoutingOverrideKey="a.b", **headers)
    [got] = trial.received(context, "out", 1)
    assert (got.body, got.headers["CamelSpringRabbitmqRoutingKey"]) == ("later", "a.b")
    assert time.monotonic() - began >= 0.25


def test_a_delayed_message_cannot_expire(trial):
    context = trial.start("")
    with pytest.raises(StepFailed, match="cannot have an expiration"):
        send(context, "rabbitmq:default?routingKey=q&delay=100", "x", CamelSpringRabbitmqExpiration=10)


STREAM = """
- from:
    uri: rabbitmq:default
    parameters: {{queues: NAME.s, arg.queue.x-queue-type: stream, arg.consumer.x-stream-offset: "{offset}", prefetchCount: 10}}
    steps: [{{to: mock:out}}]
"""


def test_a_stream_is_read_again_from_wherever_a_route_wants(trial):
    first = trial.start(STREAM.format(offset="first"))
    for number in range(20):
        trial.put("", "NAME.s", b"%d" % number, content_type="text/plain")
    everything = [str(number) for number in range(20)]
    assert trial.bodies(first, "out", 20) == everything
    again = trial.start(STREAM.format(offset="first"))
    assert trial.bodies(again, "out", 20) == everything
    behind = trial.start(STREAM.format(offset=15))
    assert trial.bodies(behind, "out", 5) == everything[15:]
    recent = trial.start(STREAM.format(offset=(dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).isoformat()))
    assert trial.bodies(recent, "out", 20) == everything


def test_a_stream_goes_on_where_it_was_left_when_the_connection_breaks(trial):
    context = trial.start(STREAM.format(offset="first"))
    for number in range(5):
        trial.put("", "NAME.s", b"%d" % number, content_type="text/plain")
    trial.received(context, "out", 5)
    break_all(trial)
    for number in range(5, 10):
        trial.put("", "NAME.s", b"%d" % number, content_type="text/plain")
    got = trial.bodies(context, "out", 10)
    assert list(dict.fromkeys(got)) == [str(number) for number in range(10)]
    assert got.count("0") == 1


def break_all(trial):
    """Have the broker close every connection, and connect the peer anew."""
    trial.peer.close()
    trial.node.ctl("close_all_connections", "trial")
    fresh = Trial(trial.node)
    trial.peer, trial.channel = fresh.peer, fresh.channel


def test_a_suspended_stream_goes_on_where_it_was_left(trial):
    context = trial.start(STREAM.format(offset="first"))
    [route] = context.routes
    trial.put("", "NAME.s", b"1", content_type="text/plain")
    trial.received(context, "out", 1)
    context.route_control("suspend", route)
    trial.put("", "NAME.s", b"2", content_type="text/plain")
    context.route_control("resume", route)
    assert trial.bodies(context, "out", 2) == ["1", "2"]


def test_a_stream_goes_on_where_it_was_left_after_a_restart(trial, tmp_path):
    routes = STREAM.format(offset="first").replace(
        "prefetchCount: 10", f"prefetchCount: 10, offsetFile: {tmp_path}/place"
    )
    first = trial.start(routes)
    for number in range(5):
        trial.put("", "NAME.s", b"%d" % number, content_type="text/plain")
    trial.received(first, "out", 5)
    first.stop(10.0)
    assert (tmp_path / "place").read_text() == "5\n"
    trial.put("", "NAME.s", b"5", content_type="text/plain")
    second = trial.start(routes)
    assert trial.bodies(second, "out", 1) == ["5"]


def test_one_message_is_fetched_in_the_middle_of_a_route(trial):
    trial.queue("NAME.more", durable=True)
    context = trial.start("""
- from:
    uri: direct:in
    steps:
      - pollEnrich: {simple: "rabbitmq:default?queues=NAME.more", timeout: 60000}
- from:
    uri: direct:empty
    steps:
      - pollEnrich: {simple: "rabbitmq:default?queues=NAME.more", timeout: 0}
""")
    trial.put("", "NAME.more", b"first", content_type="text/plain", headers={"kind": "a"})
    trial.put("", "NAME.more", b"second", content_type="text/plain")
    assert send(context, "direct:in", "x").body == "first"
    until(lambda: trial.depth("NAME.more") == 1)
    assert send(context, "direct:in", "x").body == "second"
    until(lambda: unsettled(trial, "more") == 0)
    assert send(context, "direct:empty", "x").body is None


SINGLE = """
- from:
    uri: rabbitmq:default
    parameters: {queues: NAME.q, arg.queue.x-queue-type: quorum, arg.queue.x-single-active-consumer: true}
    steps: [{to: mock:out}]
"""


def test_a_queue_with_a_single_active_consumer_passes_to_the_next_one(trial):
    first, second = trial.start(SINGLE), trial.start(SINGLE)
    for number in range(10):
        trial.put("", "NAME.q", b"%d" % number, content_type="text/plain")
    trial.received(first, "out", 10)
    assert second.endpoint("mock:out").received == []
    first.stop(10.0)
    trial.put("", "NAME.q", b"10", content_type="text/plain")
    assert trial.bodies(second, "out", 1) == ["10"]


def test_an_exclusive_consumer_stands_by_until_it_can_have_the_queue(trial):
    routes = '- from: {uri: "rabbitmq:default?queues=NAME.q&exclusive=true", steps: [{to: mock:out}]}'
    first, second = trial.start(routes), trial.start(routes)
    trial.put("", "NAME.q", b"1", content_type="text/plain")
    assert trial.bodies(first, "out", 1) == ["1"]
    first.stop(10.0)
    trial.put("", "NAME.q", b"2", content_type="text/plain")
    assert trial.bodies(second, "out", 1) == ["2"]


class Deciding:
    """A bean that settles by hand."""

    def __init__(self):
        self.seen = []

    def ack(self, exchange):
        self.seen.append(exchange.body)
        exchange.properties["CamelSpringRabbitmqChannel"].basicAck(
            exchange.headers["CamelSpringRabbitmqDeliveryTag"], False
        )

    def again(self, exchange):
        self.seen.append(exchange.body)
        channel = exchange.properties["CamelSpringRabbitmqChannel"]
        if len(self.seen) < 3:
            channel.basicNack(0, False, True)
        else:
            channel.ack()


@pytest.mark.parametrize(("method", "count"), [("ack", 1), ("again", 3)])
def test_a_route_settles_its_messages_by_hand(trial, method, count):
    bean = Deciding()
    trial.start(
        f"""
- from:
    uri: "rabbitmq:default?queues=NAME.q&acknowledgeMode=MANUAL"
    steps: [{{bean: {{ref: hand, method: {method}}}}}]
""",
        hand=bean,
    )
    trial.put("", "NAME.q", b"x", content_type="text/plain")
    until(lambda: len(bean.seen) >= count)
    until(lambda: unsettled(trial) == 0)
    assert bean.seen == ["x"] * count


def unsettled(trial, queue="q"):
    """Messages of a queue, in hands or not."""
    told = trial.node.ctl("list_queues", "name", "messages", "--no-table-headers")
    return {name: int(count) for name, count in (line.split() for line in told.splitlines())}[f"{trial.name}.{queue}"]


def test_what_no_hand_has_settled_comes_again_to_the_next_consumer(trial):
    routes = '- from: {uri: "rabbitmq:default?queues=NAME.q&acknowledgeMode=manual", steps: [{to: mock:out}]}'
    first = trial.start(routes)
    trial.put("", "NAME.q", b"x", content_type="text/plain")
    trial.received(first, "out", 1)
    first.stop(10.0)
    second = trial.start(routes)
    [got] = trial.received(second, "out", 1)
    assert (got.body, got.headers["CamelSpringRabbitmqRedelivered"]) == ("x", True)


def test_a_message_that_is_acknowledged_before_it_is_processed_fails_once(trial):
    context = trial.start(FAILING.format(exchange="default", more=", acknowledgeMode: NONE"))
    trial.put("", "NAME.q", b"x")
    trial.received(context, "tried", 1)
    until(lambda: unsettled(trial) == 0)
    assert len(trial.received(context, "tried", 1)) == 1


def test_nothing_is_acknowledged_before_its_unit_of_work_is_done(trial):
    begun, go_on = threading.Event(), threading.Event()

    def wait(_exchange):
        begun.set()
        assert go_on.wait(60)

    trial.start('- from: {uri: "rabbitmq:default?queues=NAME.q", steps: [{bean: {ref: slow}}]}', slow=wait)
    trial.put("", "NAME.q", b"x")
    assert begun.wait(60)
    assert unsettled(trial) == 1
    go_on.set()
    until(lambda: unsettled(trial) == 0)


def test_a_queue_of_other_arguments_is_explained_with_the_place_and_the_option(trial, caplog):
    trial.queue("NAME.q", durable=True)
    context = trial.start("")
    send(context, "rabbitmq:amq.fanout?mandatory=false", "x")
    with pytest.raises(ConfigErrors) as told:
        context.load(
            f"- from: {{uri: 'rabbitmq:default?queues={trial.name}.q&arg.queue.x-max-priority=9', steps: [{{log: x}}]}}",
            "orders.yaml",
        )
    assert "orders.yaml:1:" in str(told.value)
    assert f"queue '{trial.name}.q' cannot be declared: it exists with another x-max-priority" in str(told.value)
    assert "the route wants 9, the broker has none" in str(told.value)
    assert "option arg.queue.x-max-priority" in str(told.value)
    assert caplog.records


def test_an_exchange_of_another_type_is_explained(trial):
    trial.channel.exchange_declare(trial.name, "topic", durable=True)
    context = trial.start("")
    send(context, "rabbitmq:amq.fanout?mandatory=false", "x")
    with pytest.raises(
        ConfigErrors, match=r"another type: the route wants fanout, the broker has topic.*option exchangeType"
    ):
        context.load(
            f"- from: {{uri: 'rabbitmq:{trial.name}?exchangeType=fanout&queues={trial.name}.q', steps: [{{log: x}}]}}"
        )


def test_what_is_there_is_used_all_the_same_where_a_route_says_so(trial):
    trial.queue("NAME.q", durable=True)
    context = trial.start("""
- from:
    uri: rabbitmq:default
    parameters: {queues: NAME.q, arg.queue.x-max-priority: 9, ignoreDeclarationExceptions: true}
    steps: [{to: mock:out}]
""")
    trial.put("", "NAME.q", b"x", content_type="text/plain")
    assert trial.bodies(context, "out", 1) == ["x"]


def test_an_exchange_of_a_plugin_that_is_missing_is_explained_and_costs_the_other_routes_nothing(trial, caplog):
    caplog.set_level(logging.ERROR)
    context = trial.start("""
- from: {uri: "rabbitmq:default?queues=NAME.other", steps: [{to: mock:out}]}
- from: {uri: direct:in, steps: [{to: "rabbitmq:NAME?exchangeType=x-delayed-message&autoDeclareProducer=true&queues=NAME.q"}]}
""")
    trial.put("", "NAME.other", b"x", content_type="text/plain")
    assert trial.bodies(context, "out", 1) == ["x"]
    told = until(lambda: [one.getMessage() for one in caplog.records if "cannot be declared" in one.getMessage()])
    [state] = context.connections().values()
    assert "x-delayed-message" in state
    assert (
        "no exchanges of type 'x-delayed-message'; enable its plugin (rabbitmq-plugins enable rabbitmq_delayed_message_exchange)"
        in told[0]
    )
