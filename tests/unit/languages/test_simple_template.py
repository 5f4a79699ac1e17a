from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.errors import Position
from esb.exchange import Exchange
from esb.languages.simple.parser import parse_template
from tests.unit.languages.simple_scope import evaluate, fault_in, refused


@given(st.text(alphabet=st.characters(exclude_characters="$\\", codec="utf-8")))
def test_text_without_functions_and_escapes_is_itself(text: str) -> None:
    assert evaluate(text, trim=False) == text


@given(st.text(alphabet="${}\\abn'\" .[]()+-"))
def test_any_text_is_parsed_or_refused_with_a_place_in_it(text: str) -> None:
    assert 0 <= fault_in(parse_template, text) <= len(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"a\nb\tc\rd", "a\nb\tc\rd"),
        (r"a\\nb", "a\\\nb"),
        (r"\x stays", r"\x stays"),
        (r"\${body}", r"\B"),
        ("{${body}}", "{B}"),
        (r'{"k": {"n": "${body}"\}\}', '{"k": {"n": "B"}}'),
        ("$simple{body}!", "B!"),
        ("${body}${body}", "BB"),
        ("$5 and #{body}", "$5 and #{body}"),
        ("${body} == 'B'", "B == 'B'"),
    ],
)
def test_escapes_and_functions_in_text(text: str, value: str) -> None:
    assert evaluate(text, Exchange("B")) == value


@pytest.mark.parametrize("body", [12, 1.5, True, None, [1], {"a": 1}])
def test_a_function_alone_keeps_the_type_of_its_value(body: object) -> None:
    assert evaluate("${body}", Exchange(body)) is body


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, "<>"),
        (True, "<true>"),
        (1e10, "<1.0E10>"),
        ([1, None, "x"], "<[1, null, x]>"),
        ({"a": {"b": 1}}, "<{a={b=1}}>"),
    ],
)
def test_inside_text_a_value_is_written_as_java_writes_it(body: object, told: str) -> None:
    assert evaluate("<${body}>", Exchange(body)) == told


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${body}++", 6),
        ("x${body}-- y", "x4 y"),
        ("${body} ++", "5 ++"),
        ("${body}++++", "5++++"),
        ("++${body}", "++5"),
    ],
)
def test_counting_needs_a_function_before_and_a_blank_or_the_end_behind(text: str, value: object) -> None:
    assert evaluate(text, Exchange(5)) == value


def test_an_absent_expression_is_nothing_and_an_empty_one_is_empty_text() -> None:
    assert evaluate(None) is None  # type: ignore[arg-type]  # as the parser leaves it
    assert evaluate("") == ""


def test_what_a_message_brings_is_never_parsed() -> None:
    hostile = Exchange("${header.secret}", {"secret": "s3cret", "name": "secret}${header.secret"})
    assert evaluate("${body}", hostile) == "${header.secret}"
    assert evaluate("<${header.${header.name}}>", hostile) == "<>"


def test_a_property_named_by_a_message_cannot_be_a_function() -> None:
    from tests.unit.languages.simple_scope import Scope

    scope = Scope({"env:SECRET": "s3cret", "city": "Bergen"})
    assert evaluate("${properties:${body}:no}", Exchange("city"), scope) == "Bergen"
    assert evaluate("${properties:${body}:no}", Exchange("env:SECRET"), scope) == "no"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${body", "no closing '}'"),
        ("${header.a ${body}", "no closing '}'"),
        ("${nope}", "unknown simple function 'nope'"),
        ("${ }", "names no function"),
        ("${body..x}", "is not how to write it"),
        ("${body[0}", "is not how to write it"),
        ("${bodyAs(int}", "is not how to write it"),
        ("${skip(x)}", "${skip(number)}"),
        ("${map(a,1,b)}", "even number"),
        ("${iif(a,b,c)}", "unexpected 'a'"),
    ],
)
def test_what_is_no_expression_is_refused_at_load(text: str, reason: str) -> None:
    assert reason in refused(text)


def test_a_misspelt_function_gets_a_suggestion_and_its_position() -> None:
    told = refused("to ${heeder.x}", at=Position("routes/a.yaml", 7, 13))
    assert told.startswith("routes/a.yaml:7:16 [ESB-R001]")
    assert "did you mean 'header'" in told


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("int", 12),
        ("java.lang.Integer", 12),
        ("double", 12.0),
        ("String", "12"),
        ("byte[]", b"12"),
        ("java.util.List", None),
    ],
)
def test_result_type_converts(type_name: str, value: object) -> None:
    assert evaluate("${body}", Exchange("12"), result_type=type_name) == value


def test_result_type_boolean_reads_the_text_as_a_predicate() -> None:
    assert evaluate("${body} > 5", Exchange(7), result_type="boolean") is True
    assert evaluate("true", result_type="java.lang.Boolean") is True


def test_an_unknown_result_type_is_refused() -> None:
    from esb.errors import UnknownName

    with pytest.raises(UnknownName, match="unknown type"):
        evaluate("x", result_type="no.such.Type")
