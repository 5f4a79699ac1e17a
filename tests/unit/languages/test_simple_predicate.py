from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.errors import ConversionFailed, ExpressionFailed
from esb.exchange import Exchange
from esb.languages.simple.operators import BINARY, compare, equal
from esb.languages.simple.parser import parse_predicate
from tests.unit.languages.simple_scope import fault_in, matches, refused

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.floats(-99, 99), st.text("ab05.-", max_size=4))


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        ("5", "==", 5, True),
        ("5.0", "==", 5, False),
        (5.5, "==", 5, True),
        (5, "==", 5.5, True),
        (True, "==", 5, True),
        ("TRUE", "==", True, True),
        ("yes", "==", False, True),
        ("05", "==", "5", True),
        (None, "==", None, True),
        (None, "==", "", False),
        (None, "!=", "x", True),
        ("Abc", "=~", "aBC", True),
        (5.5, ">", 5, False),
        (5.9, ">", 5.5, True),
        ("10", ">", "9", True),
        ("10", ">", "9a", False),
        ("5.5", "<", "10", True),
        ("abc", ">", 5, True),
        (None, ">", 5, False),
        (None, "<=", 5, False),
        (["a", "bc"], "contains", "bc", True),
        ([1, 2], "contains", "2", False),
        (["abcd"], "~~", "BC", True),
        (123, "contains", "2", False),
        ({"k": 1}, "contains", "k", False),
        (None, "!contains", "x", True),
        ("b", "in", "a,b,c", True),
        ("b", "in", "a, b, c", False),
        ("2", "in", [1, 2], True),
        (None, "!in", "a,b", True),
        (123, "regex", r"\d+", True),
        ("xabcx", "regex", "abc", False),
        (5, "range", "1..5", True),
        (6, "!range", "1..5", True),
        (123, "startsWith", "12", True),
        (None, "endsWith", "", False),
    ],
)
def test_operators_follow_camel(left: object, operator: str, right: object, expected: bool) -> None:
    assert BINARY[operator](left, right) is expected


@given(SCALARS, SCALARS)
def test_equality_of_scalars_never_fails_and_not_equal_is_its_opposite(left: object, right: object) -> None:
    assert BINARY["!="](left, right) is not equal(left, right)


@given(st.integers() | st.floats(allow_nan=False), st.integers() | st.floats(allow_nan=False))
def test_numbers_compare_the_same_from_both_sides(left: float, right: float) -> None:
    if type(left) is type(right):
        assert compare(left, right) == -compare(right, left)


@pytest.mark.parametrize(("left", "right"), [(5, "a,b"), (5.0, "x")])
def test_in_fails_where_an_item_cannot_become_the_type_of_the_left_side(left: object, right: str) -> None:
    with pytest.raises(ConversionFailed):
        BINARY["in"](left, right)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${header.a} == 1 || ${header.b} == 1 && ${header.c} == 1", False),  # from left to right, without precedence
        ("${header.a} == 1 && ${header.b} == 2", True),
        ("${header.t} && ${header.nope}", False),
        ("true && true", True),
        ("true false", False),
        ("'false'", False),
        ("''", False),
        ("", False),
        ("${header.z}", True),
        ("${header.a}++ == 2", True),
        ("${header.a} == '${header.a}'", True),
        ("${header.s} == 'x && y'", True),
        ("${header.s} starts with 'x' && ${header.s} ends with 'y'", True),
        ("${header.s} not contains 'q'", True),
        ("${header.a} is 'Integer'", True),
        ("${header.s} !is 'java.util.List'", True),
        ("${header.t} == true", True),
        ("${header.nope} == null", True),
        ("${header.n} > -2", True),
    ],
)
def test_predicates(text: str, expected: bool) -> None:
    subject = Exchange("", {"a": 1, "b": 2, "c": 2, "t": True, "z": 0, "s": "x && y", "n": -1})
    assert matches(text, subject) is expected


def test_what_stands_behind_a_decided_or_is_not_evaluated() -> None:
    assert matches("true || ${exception.stacktrace} == 1")


@pytest.mark.parametrize(
    "text",
    [
        "${header.s} == abc",
        "${header.s}== 'abc'",
        "${header.s} == 'abc",
        "${header.s} == 'it's'",
        "${header.s} == '}'",
        "${header.s} ==",
        "== 'x'",
        "&& true",
        "${header.s} eq 'abc'",
        "${header.s} == 'x' or ${header.t}",
        "(${header.t} == true)",
        "not ${header.t}",
        "100 < ${header.n}",
        "null == null",
        "1",
        "x${header.n} == 'x0'",
        "${body} range 1..9",
        "${header.v}++",
        "${header.v}-- < 5 && ${header.v}++ > 5",
    ],
)
def test_what_is_no_predicate_is_refused_at_load(text: str) -> None:
    assert "[ESB-R001]" in refused(text, predicate=True)


def test_a_refusal_says_how_to_write_it() -> None:
    assert "write && and ||" in refused("${a} == 'x' or ${b}".replace("${a}", "${body}"), predicate=True)


@given(st.text(alphabet="${body}'\"&|=!<>in is 0.-+(){}"))
def test_any_text_is_a_predicate_or_refused_with_a_place_in_it(text: str) -> None:
    assert 0 <= fault_in(parse_predicate, text) <= len(text)


def test_a_class_nobody_knows_fails_per_message() -> None:
    with pytest.raises(ExpressionFailed, match="no class"):
        matches("${body} is 'no.such.Type'", Exchange("x"))


def test_a_regular_expression_from_a_message_is_run_by_re2() -> None:
    subject = Exchange("a" * 40 + "!", {"p": "(a+)+$"})
    assert matches("${body} regex ${header.p}", subject) is False


def test_a_pattern_beyond_re2_from_a_message_is_refused() -> None:
    with pytest.raises(ExpressionFailed, match="not understood"):
        matches("${body} regex ${header.p}", Exchange("x", {"p": "(?=x)x"}))


def test_a_pattern_beyond_re2_of_the_author_is_run() -> None:
    assert matches("${body} regex '(?=.*[0-9]).*'", Exchange("ab1"))


def test_a_pattern_that_nobody_understands_is_refused_at_load() -> None:
    assert "not understood" in refused("${body} regex '(a'", predicate=True)


def test_a_text_that_nests_too_deep_is_refused_not_crashed_on() -> None:
    assert "nests too deep" in refused("true && " * 5000 + "true", predicate=True)
