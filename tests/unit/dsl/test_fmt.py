"""The formatter: every place becomes canonical, nothing else changes, and the routes stay the same program."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yaml import YAMLError

from esb.dsl.compact import compact
from esb.dsl.fmt import formatted
from esb.dsl.reader import read
from esb.errors import ConfigError, RouteSyntaxError
from tests.unit.dsl.documents import CASES, REGISTRY, WITHOUT_ORACLE, in_style, model


def fmt(text: str) -> str:
    return formatted(textwrap.dedent(text).lstrip("\n"), REGISTRY)


def steps(text: str) -> str:
    """The steps of a route after formatting."""
    head = "- route:\n    from:\n      uri: direct:a\n      steps:\n"
    body = textwrap.indent(textwrap.dedent(text).strip("\n") + "\n", " " * 8)
    told = formatted(head + body, REGISTRY)
    assert told.startswith(head)
    return textwrap.dedent(told.removeprefix(head)).strip("\n")


def test_a_text_as_step_becomes_a_map_with_the_option():
    assert steps("- to: mock:a") == "- to:\n    uri: mock:a"


def test_in_braces_it_stays_in_braces():
    assert steps("- filter: {expression: {simple: {expression: x}}, steps: [{to: mock:a}]}").endswith(
        "steps: [{to: {uri: mock:a}}]}"
    )


def test_an_expression_goes_below_its_key():
    assert (
        steps("- setBody:\n    simple: ${body}")
        == "- setBody:\n    expression:\n      simple:\n        expression: ${body}"
    )


def test_an_expression_in_braces_goes_below_its_key_on_the_same_line():
    told = steps('- setHeader: {name: a, constant: "1"}')
    assert told == '- setHeader: {name: a, expression: {constant: {expression: "1"}}}'


def test_a_language_with_options_keeps_them():
    told = steps("- split:\n    tokenize:\n      token: ','\n      group: 2\n    steps:\n      - stop: {}")
    assert told == (
        "- split:\n    expression:\n      tokenize:\n        token: ','\n        group: 2\n    steps:\n      - stop: {}"
    )


def test_the_condition_of_a_when_goes_below_its_key_though_it_comes_first_in_its_item():
    told = steps("- choice:\n    when:\n      - simple: a\n        steps:\n          - stop: {}")
    assert told == (
        "- choice:\n    when:\n      - expression:\n          simple:\n            expression: a\n        steps:\n          - stop: {}"
    )


def test_on_when_holds_its_language_below_expression_and_other_options_hold_it_themselves():
    told = fmt("- onException: {exception: [E], onWhen: {simple: a}, handled: {constant: true}}")
    assert told == (
        "- onException: {exception: [E], onWhen: {expression: {simple: {expression: a}}}, "
        "handled: {constant: {expression: true}}}"
    )


def test_a_from_at_the_top_becomes_a_route():
    assert fmt("- from:\n    uri: direct:a\n    steps:\n      - stop: {}\n") == (
        "- route:\n    from:\n      uri: direct:a\n      steps:\n        - stop: {}\n"
    )


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (
            "- from: direct:a\n  steps:\n    - stop: {}\n",
            "- route:\n    from:\n      uri: direct:a\n      steps:\n        - stop: {}\n",
        ),
        (
            "- route:\n    id: a\n    from:\n      uri: direct:a\n    # what it does\n    steps:\n    - stop: {}\n    group: b\n",
            "- route:\n    id: a\n    from:\n      uri: direct:a\n    # what it does\n      steps:\n      - stop: {}\n    group: b\n",
        ),
        (
            "- route: {from: {uri: direct:a}, steps: [{stop: {}}]}\n",
            "- route: {from: {uri: direct:a, steps: [{stop: {}}]}}\n",
        ),
    ],
)
def test_steps_beside_from_go_into_it(written, canonical):
    assert fmt(written) == canonical


def test_the_rest_of_the_list_goes_into_the_block_that_takes_it():
    told = steps("- filter:\n    simple: a\n# the rest\n- to: mock:a\n- stop: {}")
    assert told == (
        "- filter:\n    expression:\n      simple:\n        expression: a\n    steps:\n# the rest\n"
        "      - to:\n          uri: mock:a\n      - stop: {}"
    )


def test_the_rest_of_a_list_in_brackets_goes_into_the_block_that_takes_it():
    told = fmt("- route: {from: {uri: direct:a, steps: [{multicast: {}}, {to: {uri: mock:a}}]}}")
    assert told == "- route: {from: {uri: direct:a, steps: [{multicast: {steps: [{to: {uri: mock:a}}]}}]}}"


def test_options_in_kebab_case_become_camel_case():
    assert steps("- to: {uri: mock:a, variable-send: x}") == "- to: {uri: mock:a, variableSend: x}"


def test_comments_blank_lines_and_quotes_stay():
    told = fmt("""
        # first

        - route:
            from:
              uri: direct:a   # here
              steps:
                # before
                - log: 'it''s'   # after

                - to: "mock:{{a}}"
        # last
        """)
    assert told == textwrap.dedent("""\
        # first

        - route:
            from:
              uri: direct:a   # here
              steps:
                # before
                - log:
                    message: 'it''s'   # after

                - to:
                    uri: "mock:{{a}}"
        # last
        """)


def test_a_literal_keeps_its_text_and_the_comment_behind_it_its_place():
    told = steps("- setBody:\n    constant: |\n      a\n\n        b\n# c\n- stop: {}")
    assert told == (
        "- setBody:\n    expression:\n      constant:\n        expression: |\n          a\n\n            b\n# c\n- stop: {}"
    )


def test_line_ends_of_windows_stay():
    assert formatted("- from:\r\n    uri: direct:a\r\n    steps:\r\n      - to: b\r\n", REGISTRY) == (
        "- route:\r\n    from:\r\n      uri: direct:a\r\n      steps:\r\n        - to:\r\n            uri: b\r\n"
    )


def test_what_an_alias_repeats_is_rewritten_where_its_anchor_stands_and_nowhere_else():
    told = steps("- setBody: &x\n    simple: a\n- setBody: *x")
    assert told == "- setBody: &x\n    expression:\n      simple:\n        expression: a\n- setBody: *x"


def test_a_text_behind_an_alias_stays():
    assert steps("- to: {uri: &x mock:a}\n- to: *x") == "- to: {uri: &x mock:a}\n- to: *x"


def test_templates_and_rest_elements_are_rewritten_too():
    told = fmt("- routeTemplate: {id: t, from: {uri: direct:a, steps: [{to: b}]}}\n- rest: {get: [{to: direct:a}]}")
    assert told == (
        "- routeTemplate: {id: t, from: {uri: direct:a, steps: [{to: {uri: b}}]}}\n- rest: {get: [{to: {uri: direct:a}}]}"
    )


def test_the_template_of_a_kamelet_is_rewritten_and_nothing_else_of_it():
    told = fmt("""
        kind: Kamelet
        metadata: {name: a}
        spec:
          definition: {properties: {to: {type: string}}}
          template:
            from:
              uri: kamelet:source
              steps:
                - to: kamelet:sink
        """)
    assert told == textwrap.dedent("""\
        kind: Kamelet
        metadata: {name: a}
        spec:
          definition: {properties: {to: {type: string}}}
          template:
            from:
              uri: kamelet:source
              steps:
                - to:
                    uri: kamelet:sink
        """)


def test_what_is_no_yaml_is_refused():
    with pytest.raises(RouteSyntaxError):
        formatted("- a: [", REGISTRY)


def test_a_document_that_is_not_of_the_language_stays():
    assert formatted("- nonsense: {a: b}\n- 5\n", REGISTRY) == "- nonsense: {a: b}\n- 5\n"


@pytest.mark.slow
@pytest.mark.skipif(not CASES, reason=WITHOUT_ORACLE)
@pytest.mark.parametrize("style", ["written", "flow", "block"])
def test_each_document_of_the_oracle_stays_the_same_program_and_has_nothing_compact_left(style):
    different = []
    for case in CASES:
        try:
            text = case.routes if style == "written" else in_style(case.routes, flow=style == "flow")
            before = model(text)
        except (ConfigError, YAMLError):
            continue  # not YAML: nothing to format
        after = formatted(text, REGISTRY)
        if model(after) != before or formatted(after, REGISTRY) != after or any(compact(read(after), REGISTRY)):
            different.append(case.name)
    assert different == []


_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Co", "Cn"]), max_size=12)


@given(
    text=_texts,
    quote=st.sampled_from(["'", '"']),
    comment=st.sampled_from(["", "  # why", "\n        # why"]),
    flow=st.booleans(),
)
def test_whatever_text_an_expression_holds_stays(text, quote, comment, flow):
    quoted = (
        "'" + text.replace("'", "''") + "'"
        if quote == "'"
        else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )
    value = f"{{simple: {quoted}}}" if flow else f"\n            simple: {quoted}"
    document = f"- from:\n    uri: direct:a\n    steps:\n      - setBody: {value}{comment}\n      - log: {quoted}\n"
    after = formatted(document, REGISTRY)
    assert model(after) == model(document)
    assert not any(compact(read(after), REGISTRY))
