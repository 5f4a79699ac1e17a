"""``rabbitmq:`` on a real node: exchanges of every type, and a foreign peer (pika alone) both ways."""

import threading

import pika
import pytest
from rabbitmq_trial import Trial, send

from esb.errors import ConfigErrors, DeadlineExceeded, ExchangeTimedOut, Rejected, StepFailed, Unroutable
from esb.exchange import Exchange
from esb.testing.process import until

pytestmark = pytest.mark.broker
CORRELATION = "CamelSpringRabbitmqCorrelationId"


@pytest.fixture
def trial(rabbit):
    made = Trial(rabbit)
    yield made
    made.close()


def test_a_message_goes_through_a_direct_exchange(trial):
    context = trial.start("""
- from:
    uri: direct:in
    steps: [{to: "rabbitmq:NAME?routingKey=k&autoDeclareProducer=true&queues=NAME.q"}]
- from: {uri: "spring-rabbitmq:NAME?routingKey=k&queues=NAME.q", steps: [{to: mock:out}]}
""")
    send(context, "direct:in", "grün")
    [got] = trial.received(context, "out", 1)
    assert got.body == "grün"
    assert got.headers["CamelSpringRabbitmqExchangeName"] == trial.name
    assert got.headers["CamelSpringRabbitmqRoutingKey"] == "k"


def test_a_topic_exchange_gives_each_queue_what_its_pattern_wants(trial):
    context = trial.start("""
- from: {uri: "rabbitmq:NAME?exchangeType=topic&routingKey=order.*.new&queues=NAME.new", steps: [{to: mock:new}]}
- from: {uri: "rabbitmq:NAME?exchangeType=topic&routingKey=order.%23&queues=NAME.all", steps: [{to: mock:all}]}
""")
    send(context, "rabbitmq:" + trial.name + "?routingKey=order.at.new", "1")
    send(context, "rabbitmq:" + trial.name + "?routingKey=order.at.paid", "2")
    assert trial.bodies(context, "all", 2) == ["1", "2"]
    assert trial.bodies(context, "new", 1) == ["1"]


def test_a_fanout_exchange_gives_every_queue_a_copy(trial):
    context = trial.start("""
- from: {uri: "rabbitmq:NAME?exchangeType=fanout&queues=NAME.a,NAME.b", steps: [{to: mock:named}]}
- from: {uri: "rabbitmq:NAME?exchangeType=fanout", steps: [{to: mock:own}]}
""")
    send(context, f"rabbitmq:{trial.name}", "x")
    assert trial.bodies(context, "named", 2) == ["x", "x"]
    assert trial.bodies(context, "own", 1) == ["x"]


def test_a_headers_exchange_looks_at_the_headers(trial):
    context = trial.start("""
- from:
    uri: rabbitmq:NAME
    parameters: {exchangeType: headers, queues: NAME.q, arg.binding.x-match: all, arg.binding.country: at, arg.binding.kind: new}
    steps: [{to: mock:out}]
""")
    send(context, f"rabbitmq:{trial.name}?mandatory=false", "no", country="at")
    send(context, f"rabbitmq:{trial.name}", "yes", country="at", kind="new")
    assert trial.bodies(context, "out", 1) == ["yes"]


def test_the_default_exchange_reaches_a_queue_by_its_name(trial):
    trial.queue("NAME.plain", durable=True)
    context = trial.start("")
    send(context, f"rabbitmq:default?routingKey={trial.name}.plain", {"a": [1, True]})
    properties, body = trial.take("NAME.plain")
    assert body == b'{"a":[1,true]}'
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)


def test_a_consistent_hash_exchange_keeps_the_messages_of_a_key_together_and_in_order(trial):
    trial.needs("rabbitmq_consistent_hash_exchange")
    context = trial.start("""
- from:
    uri: rabbitmq:NAME
    parameters: {exchangeType: x-consistent-hash, queues: "NAME.1,NAME.2,NAME.3", routingKey: 5}
    steps: [{to: mock:out}]
- from:
    uri: direct:in
    steps:
      - setHeader: {name: CamelSpringRabbitmqRoutingOverrideKey, simple: "${header.customer}"}
      - to: rabbitmq:NAME
""")
    for number in range(60):
        send(context, "direct:in", str(number), customer=f"c{number % 6}")
    got = trial.received(context, "out", 60)
    for customer in range(6):
        assert [int(one.body) for one in got if int(one.body) % 6 == customer] == list(range(customer, 60, 6))


def test_properties_and_headers_reach_a_peer(trial):
    trial.queue("NAME.q", durable=True)
    context = trial.start("")
    send(
        context,
        f"rabbitmq:default?routingKey={trial.name}.q",
        "x",
        CamelSpringRabbitmqCorrelationId="c-1",
        CamelSpringRabbitmqPriority=7,
        CamelSpringRabbitmqType="order",
        CamelRabbitmqAppId="shop",
        CamelSpringRabbitmqMessageId="m-1",
        CamelSpringRabbitmqTimestamp=1_700_000_000_000,
        CamelSpringRabbitmqDeliveryMode="NON_PERSISTENT",
        CamelSpringRabbitmqUserId="guest",
        CamelSpringRabbitmqExpiration=60000,
        CamelFileName="../etc/passwd",
        country="at",
        nested={"a": [1, 2.5]},
    )
    properties, _ = trial.take("NAME.q")
    assert (properties.correlation_id, properties.priority, properties.type) == ("c-1", 7, "order")
    assert (properties.app_id, properties.message_id, properties.timestamp) == ("shop", "m-1", 1_700_000_000)
    assert (properties.delivery_mode, properties.user_id, properties.expiration) == (1, "guest", "60000")
    assert (properties.content_type, properties.content_encoding) == ("text/plain", "UTF-8")
    assert properties.headers == {"country": "at", "nested": {"a": [1, "2.5"]}}


def test_properties_and_headers_of_a_peer_reach_the_route_but_no_control_headers(trial):
    context = trial.start('- from: {uri: "rabbitmq:default?queues=NAME.q", steps: [{to: mock:out}]}')
    trial.put(
        "",
        "NAME.q",
        b"\xff\x00",
        content_type="application/octet-stream",
        correlation_id="c-1",
        expiration="60000",
        priority=3,
        timestamp=1_700_000_000,
        headers={"country": "at", "big": 2**40, "list": [1, {"a": "b"}], "CamelFileName": "x", "Esb-Attempts": "9"},
    )
    [got] = trial.received(context, "out", 1)
    assert got.body == b"\xff\x00"
    assert (got.headers["country"], got.headers["big"], got.headers["list"]) == ("at", 2**40, [1, {"a": "b"}])
    assert got.headers["CamelSpringRabbitmqCorrelationId"] == "c-1"
    assert (got.headers["CamelSpringRabbitmqPriority"], got.headers["CamelSpringRabbitmqExpiration"]) == (3, "60000")
    assert got.headers["CamelSpringRabbitmqTimestamp"] == 1_700_000_000_000
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert {"CamelFileName", "Esb-Attempts"}.isdisjoint(got.headers)


def test_what_a_sender_wished_for_its_hop_holds_for_no_later_one(trial):
    trial.queue("NAME.next", durable=True)
    trial.start("""
- from: {uri: "rabbitmq:default?queues=NAME.q", steps: [{to: "rabbitmq:default?routingKey=NAME.next"}]}
""")
    trial.put(
        "",
        "NAME.q",
        b"x",
        expiration="50000",
        delivery_mode=1,
        user_id="guest",
        message_id="m-9",
        correlation_id="c-9",
        type="t",
        headers={"CC": [f"{trial.name}.elsewhere"], "kept": "yes"},
    )
    properties, _ = trial.take("NAME.next")
    assert (properties.expiration, properties.delivery_mode, properties.user_id) == (None, 2, None)
    assert (properties.message_id, properties.correlation_id, properties.type) == ("m-9", "c-9", "t")
    assert properties.headers == {"kept": "yes"}


@pytest.mark.parametrize("target", ["default?routingKey=nowhere", "amq.direct?routingKey=nowhere"])
def test_a_message_that_no_queue_gets_fails(trial, target):
    context = trial.start("")
    with pytest.raises(Unroutable, match="nowhere"):
        send(context, f"rabbitmq:{target}", "x")


def test_a_message_that_nobody_need_get_is_dropped_without_failure(trial):
    context = trial.start("")
    send(context, "rabbitmq:amq.direct?routingKey=nowhere&mandatory=false", "x")
    send(context, "rabbitmq:amq.direct?routingKey=nowhere", "x", CamelRabbitmqMandatory="false")


def test_a_missing_exchange_fails_its_own_messages_only(trial):
    trial.queue("NAME.q", durable=True)
    context = trial.start(f"""
- from:
    uri: seda:in
    parameters: {{concurrentConsumers: 4}}
    steps:
      - to: "rabbitmq:default?routingKey={trial.name}.q"
""")
    for number in range(20):
        send(context, "seda:in?waitForTaskToComplete=Never", str(number))
    with pytest.raises(Unroutable, match=r"exchange 'no-such-exchange' does not exist"):
        send(context, "rabbitmq:default", "x", CamelSpringRabbitmqExchangeOverrideName="no-such-exchange")
    until(lambda: trial.depth("NAME.q") >= 20)
    assert sorted(int(trial.take("NAME.q")[1]) for _ in range(20)) == list(range(20))


def test_a_message_in_somebody_elses_name_is_refused_before_it_costs_the_channel(trial):
    context = trial.start("")
    with pytest.raises(StepFailed, match="claims to be from user 'root'"):
        send(context, "rabbitmq:default?routingKey=q", "x", CamelSpringRabbitmqUserId="root")


def test_a_request_gets_the_reply_of_a_route(trial, caplog):
    context = trial.start("""
- from:
    uri: rabbitmq:NAME?queues=NAME.q&routingKey=k
    steps:
      - setHeader: {name: served, constant: "yes"}
      - setBody: {simple: "Hello ${body}"}
- from: {uri: direct:in, steps: [{to: {uri: "rabbitmq:NAME?routingKey=k"}}]}
""")
    got = send(context, "direct:in", "World", pattern="InOut", asked="yes")
    assert got.body == "Hello World"
    assert [one.getMessage() for one in caplog.records if "whoever asked has gone" in one.getMessage()] == []
    assert (got.headers["served"], got.headers["asked"]) == ("yes", "yes")


def test_many_requests_at_once_get_their_own_replies(trial):
    context = trial.start("""
- from:
    uri: rabbitmq:NAME?queues=NAME.q&concurrentConsumers=4
    steps: [{setBody: {simple: "${body}!"}}]
""")
    replies = {}

    def ask(number):
        replies[number] = send(context, f"rabbitmq:{trial.name}", str(number), pattern="InOut").body

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert replies == {number: f"{number}!" for number in range(20)}


def test_requests_get_their_replies_while_a_full_queue_makes_channels_follow_each_other(trial, caplog):
    trial.queue("NAME.full", durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    context = trial.start("""
- from:
    uri: rabbitmq:NAME?queues=NAME.q&concurrentConsumers=4
    steps: [{delay: {constant: 300}}, {setBody: {simple: "${body}!"}}]
""")
    over = threading.Event()
    refused = []

    def push():
        while not over.wait(0.01):
            try:
                send(context, f"rabbitmq:default?routingKey={trial.name}.full", "x")
            except Rejected as error:
                refused.append(error)

    pushing = threading.Thread(target=push)
    pushing.start()
    try:
        until(lambda: refused, "the queue is full")
        got = [send(context, f"rabbitmq:{trial.name}", str(number), pattern="InOut").body for number in range(6)]
    finally:
        over.set()
        pushing.join()
    assert got == [f"{number}!" for number in range(6)]
    assert "looking for it on another channel" in caplog.text


def test_a_peer_serves_a_request_and_sees_its_correlation_id(trial):
    trial.queue("NAME.q", durable=True)
    context = trial.start("")
    came = []

    def serve():
        with pika.BlockingConnection(pika.URLParameters(trial.node.url)) as peer:
            channel = peer.channel()
            for method, properties, body in channel.consume(f"{trial.name}.q", auto_ack=True):
                came.append(properties.correlation_id)
                answer = pika.BasicProperties(correlation_id=properties.correlation_id, content_type="text/plain")
                channel.basic_publish("", properties.reply_to, body.upper(), answer)
                assert method
                break

    thread = threading.Thread(target=serve)
    thread.start()
    got = send(
        context, f"rabbitmq:default?routingKey={trial.name}.q", "tea", "InOut", CamelSpringRabbitmqCorrelationId="id-7"
    )
    thread.join(60)
    assert (got.body, came) == ("TEA", ["id-7"])


def test_a_peer_asks_and_a_route_answers(trial):
    trial.start('- from: {uri: "rabbitmq:default?queues=NAME.q", steps: [{setBody: {simple: "${body}, please"}}]}')
    answers = []
    trial.channel.basic_consume("amq.rabbitmq.reply-to", lambda *told: answers.append(told[2:]), auto_ack=True)
    trial.put("", "NAME.q", b"tea", reply_to="amq.rabbitmq.reply-to", correlation_id="c-5", content_type="text/plain")
    until(lambda: trial.peer.process_data_events(0.05) or answers)
    [(properties, body)] = answers
    assert (body, properties.correlation_id) == (b"tea, please", "c-5")


def test_a_request_without_an_answer_ends_in_time(trial):
    trial.queue("NAME.q", durable=True)
    context = trial.start("")
    with pytest.raises(ExchangeTimedOut, match=r"no reply within 0\.2 s; it may have been served"):
        send(context, f"rabbitmq:default?routingKey={trial.name}.q&replyTimeout=200", "x", pattern="InOut")


def test_a_request_to_nowhere_fails_at_once(trial):
    context = trial.start("")
    with pytest.raises(Unroutable):
        send(context, "rabbitmq:default?routingKey=nowhere", "x", pattern="InOut")


def test_a_sender_cannot_have_the_answer_put_into_any_queue(trial):
    trial.queue("NAME.foreign", durable=True)
    context = trial.start('- from: {uri: "rabbitmq:default?queues=NAME.q", steps: [{to: mock:out}]}')
    trial.put("", "NAME.q", b"x", reply_to=f"{trial.name}.foreign")
    trial.received(context, "out", 1)
    until(lambda: trial.depth("NAME.q") == 0)
    assert trial.depth("NAME.foreign") == 0


def test_an_answer_goes_to_a_queue_that_the_route_allows(trial):
    trial.queue("NAME.answers", durable=True)
    trial.start('- from: {uri: "rabbitmq:default?queues=NAME.q&replyToPrefixes=NAME.", steps: [{log: x}]}')
    trial.put("", "NAME.q", b"x", reply_to=f"{trial.name}.answers")
    assert trial.take("NAME.answers")[1] == b"x"


def test_sends_at_the_end_of_a_route_are_pipelined_and_all_confirmed(trial):
    trial.queue("NAME.out", durable=True)
    trial.start("""
- from: {uri: "rabbitmq:default?queues=NAME.q&asyncConsumer=true", steps: [{to: "rabbitmq:default?routingKey=NAME.out"}]}
""")
    for number in range(200):
        trial.put("", "NAME.q", b"%d" % number)
    until(lambda: trial.depth("NAME.out") == 200)
    assert [int(trial.take("NAME.out")[1]) for _ in range(200)] == list(range(200))
    until(lambda: trial.depth("NAME.q") == 0)


def test_a_send_that_does_not_wait_arrives_as_well(trial):
    trial.queue("NAME.q", durable=True)
    context = trial.start("")
    send(context, f"rabbitmq:default?routingKey={trial.name}.q&confirm=disabled&replyTo=answers", "x")
    properties, _ = trial.take("NAME.q")
    assert properties.reply_to == "answers"


def test_kombu_understands_what_the_route_sends(trial):
    import kombu

    context = trial.start("")
    with kombu.Connection(trial.node.url) as peer:
        queue = peer.SimpleQueue(f"{trial.name}.kombu")
        send(context, f"rabbitmq:default?routingKey={trial.name}.kombu", {"a": 1}, who="bus")
        got = queue.get(timeout=30)
        got.ack()
        assert (got.payload, got.headers["who"]) == ({"a": 1}, "bus")
        queue.close()


def test_a_route_understands_what_kombu_sends(trial):
    import kombu

    context = trial.start("""
- from:
    uri: rabbitmq:default?queues=NAME.q
    steps: [{unmarshal: {json: {}}}, {to: mock:out}]
""")
    with kombu.Connection(trial.node.url) as peer, peer.Producer() as producer:
        producer.publish({"a": [1, None]}, routing_key=f"{trial.name}.q", headers={"who": "kombu"})
    [got] = trial.received(context, "out", 1)
    assert (got.body, got.headers["who"]) == ({"a": [1, None]}, "kombu")


@pytest.mark.parametrize("source", ["rabbitmq:default?queues=NAME.q", "kombu:NAME.q?url=URL"])
def test_after_a_call_of_unknown_outcome_a_message_is_a_dead_letter_and_comes_no_more(trial, source):
    class Calling:
        calls = 0

        def process(self, exchange):
            self.calls += 1
            error = DeadlineExceeded("the partner is silent")
            error.uncertain = True
            raise error

    bean = Calling()
    uri = source.replace("URL", trial.node.url)
    if source.startswith("kombu:"):  # it declares its dead letters when it has one
        trial.queue("NAME.q", durable=True)
        trial.queue("NAME.q.dlq", durable=True)
    trial.start(f'- from: {{uri: "{uri}", steps: [{{process: {{ref: calling}}}}]}}', calling=bean)
    trial.put("", "NAME.q", b"ORDER", message_id="m1", headers={"kind": "a"})
    properties, body = trial.take("NAME.q.dlq")
    assert (body, properties.message_id, properties.headers["kind"], bean.calls) == (b"ORDER", "m1", "a", 1)
    assert properties.headers["esb-error"].startswith("the partner is silent; it may have had its effect")


def test_numbers_are_never_lost_on_the_way_between_two_buses(trial):
    context = trial.start('- from: {uri: "rabbitmq:default?queues=NAME.q", steps: [{to: mock:out}]}')
    values = {"f": 1.5, "big": 2**70, "flag": True, "none": None, "text": "x"}
    send(context, f"rabbitmq:default?routingKey={trial.name}.q", "x", **values)
    [got] = trial.received(context, "out", 1)
    assert {name: got.headers[name] for name in values} == values


def test_names_that_are_no_text_stop_nobody(trial):
    context = trial.start('- from: {uri: "rabbitmq:default?queues=NAME.q", steps: [{to: mock:out}]}')
    bad = b"\xff\xfe"
    trial.put("", "NAME.q", b"1", message_id=bad, correlation_id=bad, content_type=bad, type=bad, headers={bad: bad})
    trial.put("", "NAME.q", b"2", content_type="text/plain", content_encoding="\x00")
    trial.put("", "NAME.q", b"3", content_type="text/plain")
    assert trial.bodies(context, "out", 3) == [b"1", b"2", "3"]


def test_two_requests_cannot_share_a_correlation_id(trial):
    trial.queue("NAME.q", durable=True)
    context = trial.start("")
    uri = f"rabbitmq:default?routingKey={trial.name}.q&replyTimeout=60000"
    first = threading.Thread(target=context.send, args=(uri, Exchange("1", {CORRELATION: "c"}, pattern="InOut")))
    first.start()
    until(lambda: trial.depth("NAME.q") == 1)
    with pytest.raises(Rejected, match="a request with the correlation id 'c' is under way"):
        send(context, uri, "2", "InOut", **{CORRELATION: "c"})
    asked, _ = trial.take("NAME.q")
    trial.answer(asked.reply_to, b"done", correlation_id="c")
    first.join(60)
    assert not first.is_alive()


def test_hosts_are_tried_in_turn(trial):
    trial.queue("NAME.q", durable=True)
    context = trial.start("")
    hosts = f"127.0.0.1:1,127.0.0.1:{trial.node.port}"
    send(context, f"rabbitmq:default?routingKey={trial.name}.q&addresses={hosts}&username=guest&password=guest", "x")
    assert trial.take("NAME.q")[1] == b"x"


def test_a_route_that_tests_its_connection_does_not_start_without_one(trial):
    context = trial.start("")
    with pytest.raises(
        ConfigErrors, match=r"a\.yaml:1:.*cannot be reached.*start the broker, or remove testConnectionOnStartup"
    ):
        context.load(
            "- from: {uri: 'rabbitmq:x?addresses=127.0.0.1:1&testConnectionOnStartup=true', steps: [{log: x}]}",
            "a.yaml",
        )
