"""What the linter finds in what documents say to each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from esb.dsl.lint.circles import calls, circles
from esb.dsl.lint.files import ownership
from esb.dsl.lint.parameters import template_parameters
from esb.dsl.lint.references import references
from esb.dsl.lint.unused import Words, unused_declarations, unused_types
from esb.dsl.lint.uses import Use, Uses, uses
from esb.dsl.placeholders import Properties
from esb.dsl.reader import read
from esb.dsl.walk import walk
from esb.errors import NOWHERE
from tests.unit.dsl.documents import REGISTRY


def mentions(text: str, **properties: str) -> Uses:
    return uses(walk(read(text), REGISTRY), REGISTRY, Properties(properties, environment={}))


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
        ("{to: {uri: direct, parameters: {name: b}}}", "direct:b"),
        ("{to: {uri: direct, parameters: {name: '{{name}}'}}}", "direct:b"),
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


def circled(*routes: str, **properties: str) -> list[str]:
    parts = walk(read("".join(routes)), REGISTRY)
    return [one.message for one in circles(calls(parts, Properties(properties, environment={})))]


def test_routes_that_always_call_each_other_are_told_once_with_the_way():
    back = route("direct:c", "{log: x}", "{step: {steps: [{to: {uri: 'direct:{{first}}'}}]}}")
    told = circled(route("direct:a", "{to: 'direct:b'}"), route("direct:b", "{to: 'direct:c'}"), back, first="a")
    assert told == ["every message runs in a circle: direct:a -> direct:b -> direct:c -> direct:a"]


def test_a_route_that_calls_itself_is_told():
    assert circled(route("direct:a", "{to: 'direct:a'}")) == ["every message runs in a circle: direct:a -> direct:a"]


@pytest.mark.parametrize(
    "steps",
    [
        ["{filter: {simple: '${header.x}', steps: [{to: 'direct:a'}]}}"],
        ["{choice: {when: [{simple: '${header.x}', steps: [{stop: {}}]}]}}", "{to: 'direct:a'}"],
        ["{validate: {simple: '${header.x}'}}", "{to: 'direct:a'}"],
        ["{to: {uri: 'direct:a', disabled: true}}"],
        ["{to: 'seda:a'}"],
        ["{toD: 'direct:${header.next}'}"],
        ["{to: 'direct:{{unknown}}'}"],
        ["{to: 'direct:c'}"],
    ],
)
def test_a_call_that_may_come_to_an_end_is_no_circle(steps):
    assert circled(route("direct:a", *steps), route("direct:c", "{log: x}")) == []


def test_a_chain_of_thousands_of_routes_is_looked_through():
    chain = "".join(route(f"direct:r{n}", f"{{to: 'direct:r{n + 1}'}}") for n in range(3000))
    assert circled(chain) == []
    [told] = circled(chain, route("direct:r3000", "{to: 'direct:r0'}"))
    assert told.endswith("direct:r3000 -> direct:r0")


TEMPLATE = "- routeTemplate: {id: t, parameters: [{name: period}], from: {uri: 'timer:t', steps: [{log: x}]}}\n"


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("{name: perod, value: 1}", ["did you mean 'period'?"]),
        ("{name: x, value: 1}", ["known: period"]),
        ("{name: period, value: 1}", []),
        ("{name: '{{which}}', value: 1}", []),
    ],
)
def test_a_parameter_that_its_template_does_not_have_is_told(parameters, told):
    made = f"- templatedRoute: {{routeTemplateRef: t, parameters: [{parameters}]}}\n"
    parts = tuple(walk(read(TEMPLATE + made), REGISTRY))
    assert [one.hint for one in template_parameters(parts)] == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- beans: [{name: lone, type: 'a:B'}]\n", ["bean 'lone'"]),
        ("- beans: [{name: lone, type: 'a:B'}]\n# ${bean:lone.go}\n", []),
        ("- beans: [{name: 'a.lone', type: 'a:B'}]\n", ["bean 'a.lone'"]),
        ("- beans: [{name: '{{x}}', type: 'a:B'}]\n", []),
        ("- routeTemplate: {id: lone, from: {uri: 'timer:t', steps: [{log: x}]}}\n", ["route template 'lone'"]),
    ],
)
def test_a_declaration_that_is_not_named_again_is_told(text, told):
    found = unused_declarations(walk(read(text), REGISTRY), Words([text]))
    assert [one.message for one in found] == [f"no file of the project names the {what} again" for what in told]


@pytest.mark.parametrize(
    ("elsewhere", "told"),
    [("", ["'crm.Order'"]), ("unmarshalType: crm.Order", []), ("of: Order", []), ("crm.Orders", ["'crm.Order'"])],
)
def test_a_data_type_that_nobody_names_is_told(elsewhere, told):
    text = "types: {Order: {fields: {}}}\n"
    found = unused_types(read(text), "crm", Words([text, elsewhere]))
    assert [one.message.rpartition(" ")[2] for one in found] == told
