"""What the linter finds in what documents say to each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from esb.dsl.lint.files import ownership
from esb.dsl.lint.references import references
from esb.dsl.lint.uses import Use, Uses, uses
from esb.dsl.placeholders import Properties
from esb.dsl.reader import read
from esb.errors import NOWHERE
from tests.unit.dsl.documents import REGISTRY


def mentions(text: str, **properties: str) -> Uses:
    return uses(read(text), REGISTRY, Properties(properties, environment={}))


def codes(text: str, elsewhere: str = "- beans: []\n", **properties: str) -> list[str]:
    own = mentions(text, **properties)
    beyond = Uses()
    beyond.take(own)
    beyond.take(mentions(elsewhere))
    return [one.code[-3:] for one in references(own, beyond)]


def route(uri: str, *steps: str, extra: str = "") -> str:
    return f"- route: {{{extra} from: {{uri: '{uri}', steps: [{', '.join(steps)}]}}}}\n"


def test_a_direct_endpoint_that_nobody_consumes_is_an_error_at_its_place():
    text = route("timer:a", "{to: 'direct:b'}")
    [one] = references(mentions(text), mentions(text))
    assert (one.code, one.level, one.at.line, one.at.column) == ("ESB-L010", "error", 1, 48)


@pytest.mark.parametrize("uri", ["seda:b", "bus:b", "bus:topic:b"])
def test_a_channel_that_nobody_consumes_is_told(uri):
    assert codes(route("timer:a", f"{{to: '{uri}'}}")) == ["011"]


@pytest.mark.parametrize(
    ("send", "consume"),
    [
        ("{to: 'direct:b'}", "direct:b"),
        ("{to: 'direct://b?timeout=5'}", "direct:b"),
        ("{toD: 'direct:${header.x}'}", "direct:b"),
        ("{wireTap: {uri: 'seda:b?size=4'}}", "seda:b"),
        ("{enrich: {constant: 'direct:b'}}", "direct:b"),
        ("{recipientList: {constant: 'direct:b,mock:c'}}", "direct:b"),
        ("{to: 'direct:{{name}}'}", "direct:b"),
        ("{doTry: {steps: [{log: x}], doCatch: [{exception: [E], steps: [{to: 'direct:b'}]}]}}", "direct:b"),
    ],
)
def test_who_sends_meets_who_consumes(send, consume):
    assert codes(route("timer:a", send) + route(consume, "{log: x}"), name="b") == []


def test_an_instance_at_the_same_broker_may_consume():
    assert codes(route("timer:a", "{to: 'bus:b'}"), route("bus:b", "{log: x}")) == []


def test_another_process_does_not_consume_what_stays_in_this_one():
    assert codes(route("timer:a", "{to: 'direct:b'}"), route("direct:b", "{log: x}")) == ["010"]


def test_a_poll_consumes():
    assert codes(route("timer:a", "{to: 'seda:b'}", "{poll: 'seda:b'}", "{pollEnrich: {constant: 'seda:b'}}")) == []


def test_dead_letters_wait_for_an_operator():
    handler = "- errorHandler: {deadLetterChannel: {deadLetterUri: bus:dead}}\n"
    assert codes(handler + route("timer:a", "{log: x}")) == []


def test_a_send_that_asks_for_no_consumer_is_not_told():
    assert codes(route("timer:a", "{to: {uri: 'direct:b', parameters: {failIfNoConsumers: false}}}")) == []


def test_a_disabled_step_sends_nowhere():
    assert codes(route("timer:a", "{to: {uri: 'direct:b', disabled: true}}")) == []


def test_what_interceptors_take_instead_needs_no_consumer():
    clause = "- interceptSendToEndpoint: {uri: 'direct:*', skipSendToOriginalEndpoint: true, steps: [{log: x}]}\n"
    assert codes(clause + route("timer:a", "{to: 'direct:b'}")) == []


@pytest.mark.parametrize("uri", ["direct:b", "seda:b"])
def test_a_route_that_nobody_sends_to_is_told(uri):
    assert codes(route(uri, "{log: x}")) == ["012"]


@pytest.mark.parametrize(
    "step", ["{recipientList: {header: to}}", "{routingSlip: {header: to}}", "{toD: '${header.to}'}"]
)
def test_where_messages_name_endpoints_nobody_knows_all_senders(step):
    assert codes(route("timer:a", step) + route("direct:b", "{log: x}")) == []


def test_a_rest_element_and_a_bean_send_too():
    text = (
        "- rest: {get: [{path: /a, to: 'direct:a'}]}\n"
        "- beans: [{name: b, type: x:Y, properties: {target: 'direct:b'}}]\n"
    )
    assert codes(text + route("direct:a", "{log: x}") + route("direct:b", "{log: x}")) == []


def test_a_template_may_consume_whatever_its_parameters_say():
    template = "- routeTemplate: {id: t, parameters: [{name: n}], from: {uri: 'direct:{{n}}', steps: [{log: x}]}}\n"
    assert codes(template + route("timer:a", "{to: 'direct:b'}")) == []


@pytest.mark.parametrize(
    ("name", "told"), [("nobody", ["014"]), ("b", []), ("current", []), ("route3", []), ("${header.r}", [])]
)
def test_a_route_that_is_not_there_is_told_where_it_is_controlled(name, told):
    uri = f"{{to: 'controlbus:route?action=stop&routeId={name}'}}"
    assert codes(route("timer:a", uri) + route("timer:b", "{log: x}", extra="id: b,")) == told


def test_a_route_configuration_that_is_not_there_is_told():
    configuration = "- routeConfiguration: {id: known-1}\n"
    wanted = [route("timer:a", "{log: x}", extra=f"routeConfigurationId: {name},") for name in ("unknown", "known-*")]
    assert codes(configuration + "".join(wanted)) == ["015"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a*", "ab", True),
        ("ab", "a*", True),
        ("a*c", "ab", False),
        ("a*", "ab*", True),
    ],
)
def test_a_star_meets_what_it_may_become(one, other, same):
    assert Use("direct", one, NOWHERE).meets(Use("direct", other, NOWHERE)) is same


def test_a_file_that_all_may_write_is_told(tmp_path: Path):
    file = tmp_path / "a.yaml"
    file.touch(0o644)
    assert list(ownership(file, "a.yaml", tmp_path.stat().st_uid)) == []
    file.chmod(0o666)
    assert [one.code for one in ownership(file, "a.yaml", 0)] == ["ESB-L031"]


def test_a_folder_that_all_may_write_is_told_unless_files_in_it_belong_to_who_made_them(tmp_path: Path):
    file = tmp_path / "a.yaml"
    file.touch(0o644)
    tmp_path.chmod(0o777)
    assert [one.code for one in ownership(file, "a.yaml", 0)] == ["ESB-L031"]
    tmp_path.chmod(0o1777)
    assert list(ownership(file, "a.yaml", 0)) == []
