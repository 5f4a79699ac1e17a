"""Options of ``rabbitmq:``: all that can be said about them without a broker."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.components.rabbitmq.arguments import SECTIONS, read
from esb.components.rabbitmq.factory import ConnectionFactory
from esb.components.rabbitmq.topology import consumed, dead_letter_place, delayed, produced
from esb.context import RouteContext
from esb.errors import ConfigError, ConfigErrors
from esb.project import Project
from esb.testing.casefile import read_cases
from esb.testing.declarative import run_case


@pytest.fixture
def bus():
    context = RouteContext()
    context.bind("bean", "broker", ConnectionFactory("rabbit"))
    return context


def endpoint(context, rest, **parameters):
    return context.endpoint(f"rabbitmq:{rest}", parameters or None)


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("x?exchangeType=topc", "exchangeType 'topc' is unknown"),
        ("x?queuez=a", "did you mean 'queues'"),
        ("x?arg.queues.x-max-length=1", "names nothing that has arguments"),
        ("x?arg.queue.max-length=1", "queue has no argument 'max-length'"),
        ("x?arg.queue.x-max-length=many", "'many' is not a whole number"),
        ("x?arg.queue.x-queue-type=quorun&queues=q", "'quorun' is no type of queue"),
        ("x?queues=q&arg.queue.x-queue-type=quorum&arg.queue.durable=false", "a quorum queue is always kept"),
        ("x?arg.queue.x-queue-type=stream", "a stream queue needs a name"),
        ("x?arg.consumer.x-stream-offset=yesterday", "is no place in a stream"),
        ("x?queues=s&arg.queue.x-queue-type=stream&deadLetters=reject", "a stream keeps all its messages"),
        ("x?acknowledgeMode=maybe", "'maybe' is not one of AUTO, MANUAL, NONE"),
        ("x?concurrentConsumers=0", "concurrentConsumers must be at least 1"),
        ("x?prefetchCount=0", "prefetchCount must be at least 1"),
        ("x?confirm=perhaps", "is not one of auto, enabled, disabled"),
        ("x?queues=a,b,a", "a queue is named twice"),
        ("x?queues=" + "q" * 256, "queues is longer than the 255 bytes"),
        ("x?connectionFactory=#bean:other", "unknown bean 'other'"),
        ("x?addresses=a/b", "is no list of host:port"),
        ("x?url=http://a", "is no scheme of RabbitMQ"),
    ],
)
def test_what_is_wrong_is_said_when_the_routes_are_loaded(bus, rest, told):
    with pytest.raises(ConfigError) as raised:
        endpoint(bus, rest)
    assert told in str(raised.value)


def test_a_wrong_option_is_told_with_file_and_line(bus):
    with pytest.raises(ConfigErrors, match=r"orders\.yaml:2:5 .*concurrentConsumers must be at least 1"):
        bus.load(
            "- route:\n    from:\n      uri: rabbitmq:x?concurrentConsumers=0\n      steps: [{log: x}]\n", "orders.yaml"
        )


def test_a_weight_that_is_no_number_is_refused(bus):
    with pytest.raises(ConfigError, match="bound to an x-consistent-hash exchange by a weight"):
        endpoint(bus, "x?exchangeType=x-consistent-hash&routingKey=k&queues=q").consumer(lambda _: None)


def test_without_any_broker_the_route_is_refused():
    with pytest.raises(ConfigError, match="nothing says which RabbitMQ"):
        endpoint(RouteContext(), "x")


def test_one_connection_factory_need_not_be_named_but_one_of_two_must(bus):
    assert str(endpoint(bus, "x").address) == "rabbit:5672/"
    bus.bind("bean", "other", ConnectionFactory("elsewhere"))
    with pytest.raises(ConfigError, match="nothing says which RabbitMQ"):
        endpoint(bus, "y")
    assert str(endpoint(bus, "x?connectionFactory=#bean:other").address) == "elsewhere:5672/"


def test_a_bean_by_springs_name_is_a_connection_factory():
    context = RouteContext(properties={"pw": "s3c/r@t?"})
    context.load(
        """
- beans:
    - name: erp
      type: org.springframework.amqp.rabbit.connection.CachingConnectionFactory
      properties: {addresses: "a:1,b:2", username: "us er", password: "{{pw}}", virtualHost: "v/h", publisherReturns: true}
- from: {uri: "rabbitmq:x?queues=q", steps: [{to: "spring-rabbitmq:y"}]}
""",
        "a.yaml",
    )
    address = context.endpoint("spring-rabbitmq:y").address
    assert (address.hosts, address.vhost) == ((("a", 1), ("b", 2)), "v/h")
    assert (address.user, address.password, address.tls) == ("us er", "s3c/r@t?", False)


def test_a_connection_factory_with_tls_names_its_files():
    factory = ConnectionFactory("a")
    factory.use_ssl, factory.ca_file, factory.port = True, "ca.pem", 5671
    address = factory.address()
    assert (address.tls, address.options.ca_file, address.hosts) == (True, "ca.pem", (("a", 5671),))


def test_no_password_is_shown(bus):
    made = endpoint(bus, "x", url="amqp://me:verysecret@a/")
    other = endpoint(bus, "x", addresses="a:1", username="me", password="verysecret")
    assert "verysecret" not in f"{made.uri} {other.uri} {made.address!r} {other.address!r} {made.address}"


def test_a_vhost_of_camel_threes_name_is_taken(bus):
    assert endpoint(bus, "x?addresses=a:1&virtualHost=erp").address.vhost == "erp"


names = st.text(alphabet=st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)


@given(st.sampled_from(SECTIONS), names, st.integers(0, 10**6))
def test_every_section_takes_arguments_of_plugins_as_text(section, name, value):
    arguments, wrong = read({f"arg.{section}.x-{name}": str(value)})
    assert wrong == []
    assert list(arguments.of(section)) == [f"x-{name}"]


@given(st.dictionaries(names, names, max_size=5))
def test_a_binding_takes_any_argument_as_it_is(values):
    arguments, wrong = read({f"arg.binding.{name}": value for name, value in values.items()})
    assert wrong == []
    assert arguments.of("binding") == values


@given(st.dictionaries(st.text(max_size=30).map("arg.".__add__), st.text(max_size=20), max_size=4))
def test_no_option_breaks_the_reader(options):
    arguments, wrong = read(options)
    assert isinstance(wrong, list)
    assert set(arguments.sections) <= set(SECTIONS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("first", "first"),
        ("17", 17),
        ("3h", "3h"),
        ("2026-11-20T08:00:00+01:00", dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)),
        ("2026-11-20T08:00:00 01:00", dt.datetime(2026, 11, 20, 7, tzinfo=dt.UTC)),
    ],
)
def test_a_place_in_a_stream(text, value):
    arguments, wrong = read({"arg.consumer.x-stream-offset": text})
    assert wrong == []
    assert arguments.of("consumer") == {"x-stream-offset": value}


def declared(found):
    return [each.wire.split(" [")[0] for each in found]


def test_a_consumer_declares_exchange_queue_binding_and_dead_letters(bus):
    made = endpoint(bus, "x?queues=q&routingKey=k&exchangeType=topic")
    found = consumed(made, made.queue_names, own=False)
    assert declared(found) == ["queue q.dlq", "exchange x", "queue q", "binding x q k"]
    assert (found[1].type, found[2].durable, found[2].auto_delete) == ("topic", True, False)
    assert found[0].arguments == {"x-queue-type": "quorum"}


def test_a_queue_of_its_own_goes_with_its_consumer(bus):
    made = endpoint(bus, "x?exchangeType=fanout")
    [_, queue, _] = [each for each in consumed(made, ("gen",), own=True) if "dlq" not in each.wire]
    assert (queue.durable, queue.auto_delete, "x-expires" in queue.arguments) == (False, True, True)


def test_the_default_and_the_brokers_own_exchanges_are_not_declared(bus):
    made = endpoint(bus, "default?queues=q&deadLetters=reject")
    assert declared(consumed(made, ("q",), own=False)) == ["queue q"]
    made = endpoint(bus, "amq.topic?queues=q&deadLetters=reject")
    assert declared(consumed(made, ("q",), own=False)) == ["queue q", "binding amq.topic q "]


def test_dead_letters_get_an_exchange_a_queue_and_the_queues_arguments(bus):
    made = endpoint(
        bus,
        "x",
        **{
            "queues": "q",
            "deadLetterExchange": "dx",
            "deadLetterQueue": "dq",
            "deadLetterRoutingKey": "dk",
            "arg.dlq.queue.x-max-length": 5,
            "arg.queue.x-message-ttl": 1000,
        },
    )
    found = {each.wire.split(" [")[0]: each for each in consumed(made, ("q",), own=False)}
    assert list(found) == ["exchange dx", "queue dq", "binding dx dq dk", "exchange x", "queue q", "binding x q "]
    assert found["queue dq"].arguments == {"x-max-length": 5}
    told = {"x-dead-letter-exchange": "dx", "x-dead-letter-routing-key": "dk", "x-message-ttl": 1000}
    assert found["queue q"].arguments == told
    assert dead_letter_place(made, "q") == ("dx", "dk")


def test_a_sender_declares_nothing_unless_it_is_told_to(bus):
    assert produced(endpoint(bus, "x?queues=q")) == []
    assert produced(endpoint(bus, "x?queues=q&autoDeclareProducer=true&autoDeclare=false")) == []
    assert declared(produced(endpoint(bus, "x?queues=q&autoDeclareProducer=true"))) == [
        "exchange x",
        "queue q",
        "binding x q ",
    ]
    skipping = "x?queues=q&autoDeclareProducer=true&skipDeclareExchange=true&skipBindQueue=true"
    assert declared(produced(endpoint(bus, skipping))) == ["queue q"]


@given(st.floats(0.001, 10**7))
def test_a_delay_is_rounded_up_to_one_of_few_queues_never_down(pause):
    context = RouteContext()
    context.bind("bean", "broker", ConnectionFactory("rabbit"))
    name, found = delayed(endpoint(context, "x"), "x", pause, exact=False)
    [queue] = [each for each in found if each.wire.startswith("queue")]
    step = queue.arguments["x-message-ttl"]
    assert step >= round(pause * 1000)
    assert name == f"x.delay.{step}"


def test_esb_test_puts_mocks_in_the_place_of_rabbitmq_endpoints_and_feeds_their_routes(tmp_path):
    (tmp_path / "routes" / "tests").mkdir(parents=True)
    (tmp_path / "esb.yaml").write_text("project: trial\nbroker: 'amqp://127.0.0.1:1/'\n")
    (tmp_path / "routes" / "a.yaml").write_text(
        "- route: {id: in, from: {uri: 'rabbitmq:orders?queues=q', steps: [{to: 'rabbitmq:invoices?routingKey=k'}]}}\n"
    )
    file = tmp_path / "routes" / "tests" / "a.test.yaml"
    file.write_text("""
tests:
  - name: an order becomes an invoice
    mocks: {"rabbitmq:*": {}}
    send: {route: in, body: tea}
    expect: {received: {"rabbitmq:*": [{body: tea}]}}
""")
    [case] = read_cases(file, "a.test.yaml")
    outcome = run_case(case, lambda instance, properties: Project.open(tmp_path, instance, properties))
    assert outcome.passed, outcome
