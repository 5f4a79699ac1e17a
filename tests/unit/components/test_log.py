import logging

import pytest

from esb.errors import UnknownName
from esb.exchange import Exchange
from esb.javanames import IllegalStateException
from esb.testing.process import until

# What Camel 4.17 itself wrote for the same messages.
FORMATS = [
    ("", "Exchange[ExchangePattern: InOut, BodyType: String, Body: Hello World]"),
    ("level=WARN", "Exchange[ExchangePattern: InOut, BodyType: String, Body: Hello World]"),
    ("showHeaders=true", "Exchange[Headers: {a=b, h=1, l=[1, 2]}, BodyType: String, Body: Hello World]"),
    (
        "showAll=true",
        (
            "Exchange[Id: ID, RouteId: r1, ExchangePattern: InOut, Properties: {CamelToEndpoint=log://lg, p=P}, Variables: {v=V}, "
            "Headers: {a=b, h=1, l=[1, 2]}, BodyType: String, Body: Hello World]"
        ),
    ),
    (
        "showAll=true&multiline=true",
        (
            "Exchange[\n  Id: ID\n\n  RouteId: r1\n  ExchangePattern: InOut\n  Properties: {CamelToEndpoint=log://lg, p=P}\n  Variables: {v=V}\n"
            "  Headers: {a=b, h=1, l=[1, 2]}\n  BodyType: String\n  Body: Hello World\n]"
        ),
    ),
    ("showBody=false&showBodyType=false", "Exchange[]"),
    (
        "showBody=false&showBodyType=false&showHeaders=true&showProperties=true&showVariables=true&showExchangePattern=true",
        "Exchange[ExchangePattern: InOut, Properties: {p=P}, Variables: {v=V}, Headers: {a=b, h=1, l=[1, 2]}]",
    ),
    (
        "showAllProperties=true",
        "Exchange[Properties: {CamelToEndpoint=log://lg, p=P}, BodyType: String, Body: Hello World]",
    ),
    ("maxChars=10", "Exchange[BodyType...]"),
    ("maxChars=5&multiline=true", "Exchange[\n  Bod...\n  Bod...\n]"),
    ("plain=true", "Hello World"),
    ("style=Tab&showHeaders=true", "Exchange[\tHeaders: {a=b, h=1, l=[1, 2]}\tBodyType: String\tBody: Hello World]"),
    (
        "style=Fixed&showHeaders=true",
        "Exchange[\tHeaders             {a=b, h=1, l=[1, 2]}\tBodyType            String\tBody                Hello World]",
    ),
    ("skipBodyLineSeparator=false", "Exchange[BodyType: String, Body: Hello World]"),
    ("showRouteId=true&showExchangeId=true", "Exchange[Id: ID, RouteId: r1, BodyType: String, Body: Hello World]"),
    ("showExchangePattern=false", "Exchange[ExchangePattern: InOut, BodyType: String, Body: Hello World]"),
]


def message(body="Hello World", headers=None):
    exchange = Exchange(body, {"h": 1, "a": "b", "l": [1, 2]} if headers is None else headers, pattern="InOut")
    exchange.id = "ID"
    exchange.route = "r1"
    exchange.properties.update(p="P", CamelToEndpoint="log://lg")
    exchange.variables["v"] = "V"
    return exchange


@pytest.fixture
def logged(drive, caplog):
    caplog.set_level(logging.INFO, logger="lg")

    def log(options, exchange):
        caplog.clear()
        drive.send(f"log:lg?{options}", exchange)
        return [(record.levelname, record.getMessage()) for record in caplog.records]

    return log


@pytest.mark.parametrize(("options", "expected"), FORMATS)
def test_a_line_is_written_as_camel_writes_it(logged, options, expected):
    assert [line for _, line in logged(options, message())] == [expected]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a\nb", "BodyType: String, Body: ab"),
        (None, "BodyType: null, Body: [Body is null]"),
        ("", "BodyType: String, Body: "),
        ({"a": 1, "b": [1, 2]}, "BodyType: java.util.LinkedHashMap, Body: {a=1, b=[1, 2]}"),
        (5, "BodyType: Integer, Body: 5"),
        (b"abc", "BodyType: byte[], Body: abc"),
    ],
)
def test_bodies_are_shown_as_camel_shows_them(logged, body, expected):
    assert logged("", message(body)) == [("INFO", f"Exchange[ExchangePattern: InOut, {expected}]")]


def test_the_lines_of_a_body_may_stay(logged):
    assert logged("skipBodyLineSeparator=false", message("a\nb"))[0][1].endswith("Body: a\nb]")


def test_a_stream_is_not_read(logged):
    import io

    body = io.BytesIO(b"abc")
    assert "Body: [Body is instance of BytesIO]" in logged("", message(body))[0][1]
    assert body.read() == b"abc"


def test_secrets_are_masked_if_asked(logged):
    exchange = message('{"password": "geheim", "user": "x"}', {"password": "secret", "z": None})
    line = logged("logMask=true&showHeaders=true", exchange)[0][1]
    assert "Headers: {password=xxxxx, z=null}" in line
    assert '{"password": "xxxxx", "user": "x"}' in line


def test_a_failure_is_shown_with_its_java_name(logged):
    exchange = message()
    exchange.properties["CamelExceptionCaught"] = IllegalStateException("bad")
    line = logged("showCaughtException=true", exchange)[0][1]
    assert line.endswith("CaughtExceptionType: java.lang.IllegalStateException, CaughtExceptionMessage: bad]")


@pytest.mark.parametrize(("level", "name"), [("WARN", "WARNING"), ("error", "ERROR")])
def test_the_level_can_be_chosen(logged, level, name):
    assert logged(f"level={level}", message())[0][0] == name


@pytest.mark.parametrize("level", ["OFF", "DEBUG"])
def test_what_the_level_hides_is_not_even_formatted(logged, level):
    class Unprintable:
        def __str__(self):
            raise AssertionError("formatted")

    assert logged(f"level={level}", message(Unprintable())) == []


def test_the_throughput_of_groups_is_told(drive, caplog):
    caplog.set_level(logging.INFO, logger="lg")
    producer = drive.producer("log:lg?groupSize=2")
    for _ in range(5):
        producer.send(message())
    lines = [record.getMessage() for record in caplog.records]
    assert [line.partition(" Last")[0] for line in lines] == [
        "Received: 2 messages so far.",
        "Received: 4 messages so far.",
    ]


def test_the_throughput_of_an_interval_is_told_when_something_came(drive, caplog):
    caplog.set_level(logging.INFO, logger="lg")
    drive.producer("log:lg?groupInterval=5").send(message())
    until(lambda: caplog.records)
    assert caplog.records[0].getMessage().startswith("Received: 1 messages so far.")


def test_a_bean_may_make_the_text(drive, context, caplog):
    caplog.set_level(logging.INFO, logger="lg")
    context.bind("bean", "mine", lambda exchange: f"mine: {exchange.body}")
    drive.send("log:lg?exchangeFormatter=#mine", message())
    assert caplog.messages == ["mine: Hello World"]


def test_an_unknown_option_is_refused(drive):
    with pytest.raises(UnknownName, match="option of log 'showMulti'"):
        drive.endpoint("log:lg?showMulti=true")
