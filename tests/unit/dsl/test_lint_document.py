"""What the linter finds in one document: each rule where it holds, and not where it nearly does."""

from __future__ import annotations

import textwrap

import pytest

from esb.dsl.lint import lint_document
from esb.dsl.lint.allowed import not_allowed
from esb.dsl.lint.properties import dead_properties
from esb.dsl.lint.rules import RULES
from esb.dsl.lint.secrets import configuration_secrets
from esb.dsl.reader import read
from tests.unit.dsl.documents import CASES, REGISTRY, WITHOUT_ORACLE


def found(text: str, *, compact: bool = False) -> list[tuple[str, int]]:
    findings = lint_document(read(textwrap.dedent(text), "a.yaml"), REGISTRY)
    return [(one.code, one.at.line) for one in findings if compact or one.code != "ESB-L001"]


def in_route(*steps: str) -> list[str]:
    document = "- route:\n    from:\n      uri: direct:a\n      steps:\n" + "".join(
        f"        - {one}\n" for one in steps
    )
    return [f"{code[-3:]} step {line - 4}" for code, line in found(document)]


def test_each_compact_place_is_told_once_at_its_line_with_the_canonical_form():
    [one] = lint_document(
        read("- route:\n    from:\n      uri: a:b\n      steps:\n      - setBody: {simple: x}\n"), REGISTRY
    )
    assert (one.code, one.level, one.at.line, one.at.column) == ("ESB-L001", "warning", 5, 19)
    assert "setBody: {expression: {simple: {expression: ...}}}" in one.hint


@pytest.mark.parametrize(
    "text", [r'setBody: {simple: "${body}\n"}', "setBody: {constant: ' x'}", r'setBody: {simple: {expression: "\t"}}']
)
def test_blanks_in_quotes_that_are_cut_are_told(text):
    assert in_route(text) == ["043 step 1"]


@pytest.mark.parametrize(
    "text",
    [
        r'setBody: {simple: {expression: "${body}\n", trim: false}}',
        "setBody: {simple: '${body}'}",
        "setBody:\n            simple: |\n              ${body}",
        r'split: {tokenize: "\n", steps: [{log: x}]}',
    ],
)
def test_blanks_that_stay_or_that_nobody_meant_are_not_told(text):
    assert in_route(text) == []


@pytest.mark.parametrize("text", ["log: message:hello", "setBody: {expression: method:nope}"])
def test_an_option_or_language_glued_to_its_value_is_told(text):
    assert in_route(text) == ["003 step 1"]


@pytest.mark.parametrize("text", ["log: 'message:hello'", "log: order:${body}", "to: uri://x", "log: 'a message: b'"])
def test_a_text_that_only_looks_a_bit_like_an_option_is_not(text):
    assert in_route(text) == []


@pytest.mark.parametrize(
    "end",
    [
        "stop: {}",
        "stop:",
        "throwException: {exceptionType: a.B, message: x}",
        "rollback: {message: x}",
        "choice: {when: [{simple: a, steps: [{stop: {}}]}], otherwise: {steps: [{log: a}, {stop: {}}]}}",
        "step: {steps: [{stop: {}}]}",
    ],
)
def test_steps_after_the_end_of_the_route_are_told_once(end):
    assert in_route(end, "log: a", "log: b") == ["020 step 2"]


@pytest.mark.parametrize(
    "step",
    [
        "stop: {disabled: true}",
        "stop: {disabled: '{{off}}'}",
        "filter: {simple: a, steps: [{stop: {}}]}",
        "choice: {when: [{simple: a, steps: [{stop: {}}]}]}",
        "choice: {when: [{simple: a, steps: [{log: a}]}], otherwise: {steps: [{stop: {}}]}}",
        "split: {simple: a, steps: [{stop: {}}]}",
        "doTry: {steps: [{throwException: {exceptionType: a.B, message: x}}], doCatch: [{exception: [a.B]}]}",
    ],
)
def test_steps_after_what_does_not_always_end_the_route_are_not(step):
    assert in_route(step, "log: a") == []


def test_what_throws_may_be_passed_where_a_clause_goes_on():
    clause = "- onException: {exception: [a.B], continued: {constant: true}}\n"
    route = "- route: {from: {uri: 'a:b', steps: [{throwException: {exceptionType: a.B, message: x}}, {log: a}]}}\n"
    assert found(clause + route) == []


def test_a_branch_with_the_condition_of_an_earlier_one_is_told_whatever_its_notation():
    told = in_route(
        "choice: {when: [{simple: a, steps: [{log: a}]}, {header: a, steps: [{log: b}]},"
        "{expression: {simple: {expression: a}}, steps: [{log: c}]}]}"
    )
    assert told == ["021 step 1"]


@pytest.mark.parametrize("condition", ["simple: 'true'", "constant: true", "simple: '${true}'"])
def test_branches_after_one_that_always_holds_are_told(condition):
    assert in_route(f"choice: {{when: [{{{condition}, steps: []}}, {{simple: a, steps: []}}]}}") == ["021 step 1"]


def test_branches_that_differ_in_an_option_of_their_language_are_not():
    when = "{jsonpath: {expression: $.a}, steps: []}, {jsonpath: {expression: $.a, source: b}, steps: []}"
    assert in_route(f"choice: {{when: [{when}]}}") == []


def test_a_disabled_branch_hides_no_other():
    when = "{simple: a, disabled: true, steps: []}, {simple: a, steps: []}"
    assert in_route(f"choice: {{when: [{when}]}}") == []


def test_otherwise_before_when_is_told():
    assert in_route("choice: {otherwise: {steps: []}, when: [{simple: a, steps: []}]}") == ["022 step 1"]


@pytest.mark.parametrize(
    ("clauses", "told"),
    [
        ("{exception: [java.lang.Exception]}, {exception: [java.io.IOException]}", ["021 step 1"]),
        ("{exception: [a.B]}, {exception: [a.B]}", ["021 step 1"]),
        ("{exception: [a.B], onWhen: {simple: x}}, {exception: [a.B]}", []),
        ("{exception: [a.B]}, {exception: [java.lang.Exception]}", []),
    ],
)
def test_a_clause_behind_one_that_takes_its_failures_is_told(clauses, told):
    assert in_route(f"doTry: {{steps: [{{log: a}}], doCatch: [{clauses}]}}") == told


@pytest.mark.parametrize(
    "step",
    [
        "to: 'http://user:hunter2@host/path'",
        "to: 'kombu:amqp://me:hunter2@host//q'",
        "to: 'rest:get:a?apiKey=hunter2'",
        "to: {uri: 'http://host', parameters: {authPassword: hunter2}}",
        "to: {uri: 'http://host', parameters: {authPassword: 'RAW(hunter2)'}}",
        "setHeader: {name: Authorization, constant: Basic hunter2}",
        "setHeader: {name: X-Api-Key, expression: {constant: {expression: hunter2}}}",
    ],
)
def test_a_secret_in_clear_is_told_and_not_shown(step):
    document = f"- route: {{from: {{uri: 'direct:a', steps: [{{{step}}}]}}}}\n"
    told = [one for one in lint_document(read(document), REGISTRY) if one.code == "ESB-L030"]
    assert len(told) == 1
    assert "hunter2" not in str(told[0])


@pytest.mark.parametrize(
    "step",
    [
        "to: 'http://user:{{credential:crm}}@host/path'",
        "to: 'rest:get:a?apiKey={{env:KEY}}'",
        "to: {uri: 'http://host', parameters: {authPassword: '{{password}}'}}",
        "setHeader: {name: Authorization, simple: 'Bearer ${variable.token}'}",
        "setHeader: {name: Accept, constant: text/plain}",
        "to: 'http://host:8080/a@b'",
        "to: 'file:in?fileName=a@b:c'",
    ],
)
def test_a_secret_by_a_placeholder_and_what_is_no_secret_are_not(step):
    assert in_route(step) == []


def test_a_secret_property_of_a_bean_is_told():
    assert found("- beans: [{name: a, type: b:C, properties: {url: x, password: hunter2}}]") == [("ESB-L030", 1)]


def test_secrets_in_the_projects_file_are_told():
    root = read(
        "broker: amqp://u:p@h\nproperties:\n  crm.password: x\n  crm.user: y\ninstances: {a: {broker: 'amqp://u:p@i'}}\n"
    )
    assert [one.at.line for one in configuration_secrets(root)] == [3, 1, 5]


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("choice: {}", ["023 step 1"]),
        ("choice: {when: []}", ["023 step 1"]),
        ("choice: {otherwise: {steps: [{log: {message: x}}]}}", []),
        ("doTry: {steps: [{log: {message: x}}]}", ["023 step 1"]),
        ("doTry: {steps: [{log: {message: x}}], doFinally: {steps: [{log: {message: x}}]}}", []),
        ("doTry: {disabled: true, steps: [{log: {message: x}}]}", []),
        ("loadBalance: {roundRobinLoadBalancer: {}}", ["023 step 1"]),
        ("multicast: {}", []),
    ],
)
def test_a_block_around_nothing_is_told(step, told):
    assert in_route(step) == told


def test_a_map_at_the_top_is_told_with_how_to_begin():
    [one] = lint_document(read("route: {from: {uri: 'a:b'}}\n", "a.yaml"), REGISTRY)
    assert (one.code, one.at.line, one.hint) == ("ESB-L004", 1, "write '- route:' and indent what is below it")


def test_a_kamelet_is_a_map_all_the_same():
    assert found("kind: Kamelet\nspec: {template: {from: {uri: 'kamelet:source', steps: []}}}\n") == []


@pytest.mark.parametrize("path", ["$..[?(@", "$.a[1", "$.a[?(@.b ==)]"])
def test_a_jsonpath_that_cannot_be_read_is_told(path):
    assert in_route(f"setBody: {{jsonpath: '{path}'}}") == ["040 step 1"]


@pytest.mark.parametrize("path", ["$.a[?(@.b == 1)]", "a.b > 4", "$.a.${header.b", "$.{{x}}"])
def test_a_jsonpath_that_can_be_read_or_is_known_later_is_not(path):
    assert in_route(f"setBody: {{jsonpath: '{path}'}}") == []


def test_a_property_that_nothing_asks_for_is_told():
    root = read("properties: {a: 1, b: 2, c: 3, d: 4, camel.x: 5}\ninstances: {i: {properties: {e: 6}}}\n")
    told = dead_properties(root, ["to: {{a}} {{?b}} {{env:X:{{c}}}}", "context.resolve('d')", "e"])
    assert [one.message for one in told] == ["nothing asks for the property 'e'"]


def test_no_property_is_dead_where_names_are_put_together():
    assert list(dead_properties(read("properties: {a.b: 1}\n"), ["{{a.{{x}}}}"])) == []


def test_a_comment_allows_a_finding_on_its_line_or_on_the_next():
    text = textwrap.dedent("""\
        - route:
            from:
              uri: a:b
              steps:
                # esb: allow ESB-L001 short
                - log: a
                - log: b  # esb: allow ESB-L001, ESB-L020
                - log: c
        """)
    told = not_allowed(lint_document(read(text), REGISTRY), text)
    assert [one.at.line for one in told] == [8]


def test_codes_are_unique_and_in_order():
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))


@pytest.mark.slow
@pytest.mark.skipif(not CASES, reason=WITHOUT_ORACLE)
def test_the_linter_reads_every_document_of_the_oracle_without_a_failure():
    for case in CASES:
        try:
            root = read(case.routes)
        except Exception:
            continue  # not YAML
        list(lint_document(root, REGISTRY))


@pytest.mark.parametrize(
    "step",
    [
        "choice: {when: [{xpath: {expression: {uri: 5}}, steps: [{stop: {}}]}]}",
        "choice: {when: [{simple: [1], steps: 5}], otherwise: [1]}",
        "recipientList: {simple: {expression: [1]}}",
        "doTry: {steps: 5, doCatch: [5, {exception: {a: b}}], doFinally: [1]}",
        "to: {uri: {a: b}, parameters: [1]}",
        "setHeader: {name: [1], constant: {expression: {a: b}}}",
    ],
)
def test_what_is_no_route_at_all_stops_no_rule(step):
    in_route(step)  # the parser tells what is wrong
