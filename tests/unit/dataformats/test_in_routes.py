"""Formats where routes use them: by reference, by the component, with a split."""

import io
import textwrap
import zipfile

import pytest

from esb.context import RouteContext
from esb.errors import ConfigErrors
from esb.exchange import IN_OUT, Exchange


@pytest.fixture
def bus():
    context = RouteContext("test")

    def load(routes):
        context.load(textwrap.dedent(routes), file="test.yaml")
        context.start()
        return context

    yield load
    context.stop(1.0)


def send(context, body, **headers):
    return context.send("direct:start", Exchange(body, headers, pattern=IN_OUT))


def got(context):
    return [(one.body, one.headers) for one in context.endpoint("mock:got").received]


def test_entries_of_an_archive_are_parts_of_a_split_headers_included(bus):
    context = bus("""
      - route:
          from:
            uri: direct:start
            steps:
              - unmarshal: {zipFile: {usingIterator: true}}
              - split:
                  simple: ${body}
                  streaming: true
                  steps:
                    - setHeader: {name: seen, simple: "${header.CamelFileName}"}
                    - to: mock:got
    """)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.txt", "A")
        archive.writestr("b.txt", "B")
    exchange = send(context, target.getvalue(), h=1)
    assert exchange.error is None
    assert [(body, headers["seen"], headers["h"]) for body, headers in got(context)] == [
        (b"A", "a.txt", 1),
        (b"B", "b.txt", 1),
    ]
    assert exchange.headers == {"h": 1}


def test_a_split_of_a_group_of_messages_gives_each_its_own_headers(bus):
    context = bus("""
      - route:
          from:
            uri: direct:start
            steps:
              - split:
                  simple: ${body}
                  aggregationStrategy: "#class:org.apache.camel.processor.aggregate.GroupedMessageAggregationStrategy"
                  steps:
                    - setHeader: {name: own, simple: "${body}"}
              - split:
                  simple: ${body}
                  steps:
                    - to: mock:got
    """)
    assert send(context, ["x", "y"]).error is None
    assert [(body, headers["own"]) for body, headers in got(context)] == [("x", "x"), ("y", "y")]


class Reversed:
    """A format of a project's own."""

    def marshal(self, exchange, value):
        return value[::-1]

    def unmarshal(self, exchange, data):
        return data[::-1]


def test_a_bean_is_a_format_by_reference(bus):
    context = RouteContext("test")
    context.bind("bean", "reversed", Reversed())
    context.load(
        "- route: {from: {uri: direct:start, steps: [{marshal: {custom: {ref: reversed}}}, {to: 'dataformat:reversed:marshal'}, "
        "{unmarshal: {custom: reversed}}]}}"
    )
    context.start()
    assert send(context, "abc").body == "cba"
    context.stop(1.0)


def test_a_declared_format_is_a_format_by_reference(bus):
    context = bus("""
      - dataFormats:
          - csv: {id: semi, delimiter: ";"}
          - custom: {id: other, ref: semi}
      - route: {from: {uri: direct:start, steps: [{unmarshal: {custom: {ref: other}}}, {to: "dataformat:semi:marshal"}]}}
    """)
    assert send(context, "a;b\n").body == b"a;b\r\n"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("unmarshal: {custom: {ref: nope}}", "unknown data format 'nope'"),
        ("unmarshal: {custom: {ref: alone}}", "is no data format"),
        ("unmarshal: {custom: {ref: a}}", "refers to itself: a -> b -> a"),
        ("to: 'dataformat:nope:marshal'", "unknown data format 'nope'"),
        ("to: 'dataformat:csv:wrong'", "does 'marshal' or 'unmarshal', not 'wrong'"),
        ("to: 'dataformat:csv'", "does 'marshal' or 'unmarshal'"),
        ("to: 'dataformat:csv:marshal?delimitr=;'", "did you mean 'delimiter'"),
        ("to: 'dataformat:csv:marshal?trim=x'", "neither true nor false"),
        ("to: 'dataformat:fixed:marshal'", "needs unmarshalType"),
    ],
)
def test_a_format_that_cannot_be_meant_is_refused_at_load(step, told):
    context = RouteContext("test")
    context.bind("bean", "alone", object())
    with pytest.raises(ConfigErrors, match=told):
        context.load(
            "- dataFormats: [{custom: {id: a, ref: b}}, {custom: {id: b, ref: a}}]\n"
            f'- route: {{from: {{uri: "direct:start", steps: [{{{step}}}]}}}}'
        )


def test_the_component_takes_the_options_of_the_format(bus):
    context = bus("""
      - route:
          from:
            uri: direct:start
            steps: [{to: "dataformat:csv:unmarshal?delimiter=;&useMaps=true"}, {to: "dataformat:jackson:marshal"}]
    """)
    exchange = send(context, "a;b\n1;2\n")
    assert (exchange.body, exchange.headers["Content-Type"]) == (b'[{"a":"1","b":"2"}]', "application/json")


def test_an_error_of_unpacking_is_caught_by_its_java_name(bus):
    context = bus("""
      - route:
          from:
            uri: direct:start
            steps:
              - doTry:
                  steps: [{unmarshal: {zipDeflater: {}}}]
                  doCatch:
                    - exception: [java.util.zip.ZipException]
                      steps: [{setBody: {constant: caught}}]
    """)
    assert send(context, b"plain").body == "caught"
