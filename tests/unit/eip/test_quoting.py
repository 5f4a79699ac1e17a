"""Data in a toD's URI stays data: it can neither set options, climb, choose a host nor be evaluated."""

from __future__ import annotations

import pytest

from esb.coerce import text
from esb.context import RouteContext
from esb.errors import ConfigErrors, ReferenceFault, ValidationFailed
from esb.exchange import IN_OUT, Exchange


@pytest.fixture
def running():
    context = RouteContext()
    yield context
    context.stop(5)


@pytest.fixture
def sent(running: RouteContext):
    """Send a header's value through a route with a toD; returns the exchange and the names of the mocks that got something."""

    def send(uri: str, value: str) -> tuple[Exchange, dict[str, int]]:
        running.load(f"- from: {{uri: 'direct:in', steps: [{{toD: {{uri: '{uri}'}}}}]}}")
        running.start()
        exchange = running.send("direct:in", Exchange("x", {"v": value}, pattern=IN_OUT))
        mocks = running.component("mock").endpoints
        return exchange, {name: len(mock.received) for name, mock in mocks.items() if mock.received}

    return send


def test_a_value_in_the_path_keeps_its_characters(sent) -> None:
    exchange, mocks = sent("mock:a-${header.v}", "x y")
    assert exchange.error is None
    assert len(mocks) == 1


@pytest.mark.parametrize("value", ["b?retainFirst=0", "b&c", "b#c", "b%3Fx=1"])
def test_a_value_in_the_path_brings_no_options(sent, value: str) -> None:
    exchange, mocks = sent("mock:${header.v}", value)
    assert exchange.error is None
    assert list(mocks.values()) == [1]


def test_a_value_in_the_query_brings_no_further_option(sent, tmp_path) -> None:
    exchange, _ = sent(f"file:{tmp_path}?fileName=${{header.v}}", "a&jailStartingDirectory=false")
    assert exchange.error is None
    assert [file.name for file in tmp_path.iterdir()] == ["a&jailStartingDirectory=false"]


def test_an_expression_in_a_value_is_refused(sent, tmp_path) -> None:
    exchange, _ = sent(f"file:{tmp_path}?fileName=${{header.v}}", "${body}")
    assert isinstance(exchange.error, ValidationFailed)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["..", "../b", "a/../../b", "..\\b"])
def test_a_value_does_not_climb_out_of_its_path(sent, value: str) -> None:
    exchange, mocks = sent("mock:a/${header.v}", value)
    assert isinstance(exchange.error, ValidationFailed)
    assert mocks == {}


@pytest.mark.parametrize("uri", ["http://${header.v}/x", "https:${header.v}", "http://example${header.v}/x"])
def test_a_host_from_a_message_is_a_finding(running: RouteContext, uri: str) -> None:
    with pytest.raises(ConfigErrors, match="host of an HTTP call"):
        running.load(f"- from: {{uri: 'direct:in', steps: [{{toD: {{uri: '{uri}'}}}}]}}")


@pytest.mark.parametrize("value", ["../b", "..", "a/../../b"])
def test_a_part_in_another_language_does_not_climb_either(sent, value: str) -> None:
    exchange, mocks = sent("mock:a/+language:header:v", value)
    assert isinstance(exchange.error, ValidationFailed)
    assert mocks == {}


def test_a_part_in_another_language_brings_no_options(sent) -> None:
    exchange, mocks = sent("mock:a-+language:header:v", "b?retainFirst=0")
    assert exchange.error is None
    assert list(mocks.values()) == [1]


def test_an_expression_that_a_part_in_another_language_brings_is_refused(sent, tmp_path) -> None:
    exchange, _ = sent(f"file:{tmp_path}?fileName=+language:header:v", "${body}")
    assert isinstance(exchange.error, ValidationFailed)
    assert list(tmp_path.iterdir()) == []


def test_a_host_by_a_part_in_another_language_is_a_finding(running: RouteContext) -> None:
    with pytest.raises(ConfigErrors, match="host of an HTTP call"):
        running.load("- from: {uri: 'direct:in', steps: [{toD: {uri: 'http:+language:header:v'}}]}")


def test_the_word_language_before_a_part_is_not_the_scheme_that_the_route_allows(sent) -> None:
    exchange, _ = sent("language:header:v", "language:simple:${body}")
    assert isinstance(exchange.error, ReferenceFault)


@pytest.mark.parametrize("uri", ["mock:a/.${header.v}/x", "mock:a/${header.v}${header.v}/x"])
def test_dots_that_become_a_climb_together_are_refused(sent, uri: str) -> None:
    exchange, mocks = sent(uri, ".")
    assert isinstance(exchange.error, ValidationFailed)
    assert mocks == {}


def test_a_climb_that_the_route_writes_is_its_authors(sent) -> None:
    exchange, mocks = sent("mock:a/../${header.v}", "b")
    assert exchange.error is None
    assert list(mocks.values()) == [1]


@pytest.fixture
def named(running: RouteContext, tmp_path):
    """Write a file with a name that holds the headers a and b; returns the failure, and the names of the files."""

    def send(name: str, a: str, b: str = "") -> tuple[BaseException | None, list[str]]:
        running.load(f"- from: {{uri: 'direct:in', steps: [{{toD: {{uri: 'file:{tmp_path}?fileName={name}'}}}}]}}")
        running.start()
        exchange = running.send("direct:in", Exchange("x", {"a": a, "b": b}, pattern=IN_OUT))
        return exchange.error, [file.name for file in tmp_path.iterdir()]

    return send


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [
        ("${header.a}${header.b}", "$", "{body}"),
        ("${header.a}${header.b}", "$simple", "{body}"),
        ("$${header.a}", "{body}", ""),
        ("%24${header.a}", "{body}", ""),
        ("%25${header.a}", "24{body}", ""),
        ("%24{body}-${header.a}${header.b}", "$", "{body}"),
    ],
)
def test_values_that_become_an_expression_together_are_refused(named, name: str, a: str, b: str) -> None:
    error, files = named(name, a, b)
    assert isinstance(error, ValidationFailed)
    assert "together they hold an expression" in str(error)
    assert files == []


def test_an_expression_that_the_route_leaves_to_the_endpoint_is_its_authors(named) -> None:
    assert named("${header.a}-%24{body}", "5$") == (None, ["5$-x"])


@pytest.mark.parametrize("value", ["a$", "{a}", "$ {a}"])
def test_dollars_and_braces_apart_are_no_expression(named, value: str) -> None:
    assert named("${header.a}", value) == (None, [value])


@pytest.fixture
def stepped(running: RouteContext):
    """As ``sent``, with any step."""

    def send(step: str, value: str) -> tuple[Exchange, dict[str, int]]:
        running.load(f"- from: {{uri: 'direct:in', steps: [{step}]}}")
        running.start()
        exchange = running.send("direct:in", Exchange("x", {"v": value}, pattern=IN_OUT))
        mocks = running.component("mock").endpoints
        return exchange, {name: len(mock.received) for name, mock in mocks.items() if mock.received}

    return send


ONE_URI = [
    "{enrich: {simple: 'mock:a/${header.v}'}}",
    "{pollEnrich: {simple: 'file:box/${header.v}', timeout: 0}}",
    "{wireTap: {uri: 'mock:a/${header.v}'}}",
]


@pytest.mark.parametrize("step", ONE_URI)
def test_a_value_does_not_climb_out_of_the_path_of_any_step_that_names_one_uri(stepped, step: str) -> None:
    exchange, mocks = stepped(step, "../b")
    assert isinstance(exchange.error, ValidationFailed)
    assert mocks == {}


def test_a_value_brings_no_options_to_enrich(stepped) -> None:
    exchange, mocks = stepped("{enrich: {simple: 'mock:${header.v}'}}", "b?retainFirst=0")
    assert exchange.error is None
    assert list(mocks.values()) == [1]


def test_a_value_brings_no_options_to_what_is_polled(stepped, tmp_path) -> None:
    (tmp_path / "a&delete=true").write_text("kept")
    step = f"{{pollEnrich: {{simple: 'file:{tmp_path}?noop=true&fileName=${{header.v}}', timeout: 1000}}}}"
    exchange, _ = stepped(step, "a&delete=true")
    assert exchange.error is None
    assert text(exchange.body) == "kept"
    assert (tmp_path / "a&delete=true").exists()


@pytest.mark.parametrize("step", ["{enrich: {simple: 'http:${header.v}'}}", "{wireTap: {uri: 'http:${header.v}'}}"])
def test_a_host_from_a_message_is_a_finding_of_any_step_that_names_one_uri(running: RouteContext, step: str) -> None:
    with pytest.raises(ConfigErrors, match="host of an HTTP call"):
        running.load(f"- from: {{uri: 'direct:in', steps: [{step}]}}")


LISTS = [
    "{recipientList: {simple: 'mock:a,mock:b/${header.v}'}}",
    "{routingSlip: {simple: 'mock:a, mock:b/${header.v}'}}",
    "{recipientList: {simple: 'mock:a#mock:b/${header.v}', delimiter: '#'}}",
]


@pytest.mark.parametrize("step", LISTS)
def test_a_value_in_a_list_of_uris_does_not_climb(stepped, step: str) -> None:
    exchange, mocks = stepped(step, "../c")
    assert isinstance(exchange.error, ValidationFailed)
    assert mocks == {}


@pytest.mark.parametrize("step", LISTS)
@pytest.mark.parametrize("value", ["x,mock:c", "x#mock:c", "x?retainFirst=0"])
def test_a_value_in_a_list_of_uris_brings_neither_uris_nor_options(stepped, step: str, value: str) -> None:
    exchange, mocks = stepped(step, value)
    assert exchange.error is None
    assert list(mocks.values()) == [1, 1]
    assert "mock:c" not in mocks


def test_a_list_that_the_message_brings_stays_one_beside_what_the_route_writes(stepped) -> None:
    exchange, mocks = stepped("{recipientList: {simple: 'mock:a/${body},${header.v}'}}", "mock:b,mock:c")
    assert exchange.error is None
    assert sorted(mocks) == ["mock:a/x", "mock:b", "mock:c"]


def test_a_host_from_a_message_is_a_finding_in_a_list_too(running: RouteContext) -> None:
    with pytest.raises(ConfigErrors, match="host of an HTTP call"):
        running.load("- from: {uri: 'direct:in', steps: [{recipientList: {simple: 'mock:a, http:${header.v}'}}]}")


@pytest.mark.parametrize(
    "text",
    [
        "${header.none} ?: 'mock:a,mock:b'",
        "resource:file:{folder}/uris.txt",
        "$init{ $t := 'mock:a'; }init$ ${variable.t},mock:b",
    ],
)
def test_what_simple_has_outside_of_functions_is_no_uri(stepped, tmp_path, text: str) -> None:
    (tmp_path / "uris.txt").write_text("mock:a,mock:b")
    told = text.replace("{folder}", str(tmp_path))
    assert stepped(f'{{recipientList: {{simple: "{told}"}}}}', "x")[1] == {"mock:a": 1, "mock:b": 1}


def test_values_do_not_swallow_the_options_between_them(named) -> None:
    name = "${header.a}&fileExist=Fail&tempPrefix=${header.b}"
    assert named(name, "RAW(a", "b)") == (None, ["RAW(a"])


def test_what_would_end_raw_is_nothing_special_elsewhere(sent) -> None:
    exchange, mocks = sent("mock:${header.v}", "a)&b")
    assert (exchange.error, mocks) == (None, {"mock:a)&b": 1})


def test_a_value_in_the_routes_own_raw_is_taken_as_it_is(named) -> None:
    assert named("RAW(${header.a})&fileExist=Fail", "a (1)+50%&b=c") == (None, ["a (1)+50%&b=c"])


@pytest.mark.parametrize(("a", "b"), [("a)&fileExist=Append", ""), ("a)", "&fileExist=Append"), ("${body}", "")])
def test_a_value_does_not_leave_the_routes_own_raw(named, a: str, b: str) -> None:
    error, files = named("RAW(${header.a}${header.b})", a, b)
    assert (type(error), files) == (ValidationFailed, [])
