"""What a hostile message can cost: patterns that go back and forth, documents nested too deep, programs without end."""

from __future__ import annotations

from typing import Any

import pytest

from esb.context import RouteContext
from esb.errors import ConversionFailed, ExpressionFailed, Malformed, RouteSyntaxError
from esb.exchange import Exchange
from esb.javanames import RuntimeCamelException
from esb.languages import jq
from esb.languages.jq import Jq
from esb.languages.jsonpath import JsonPath
from esb.languages.simple import Simple, javaregex
from esb.languages.tokenize import Tokenize
from esb.languages.xpath import XPath

EVIL = "a" * 5000 + "!"
"""A text on which ``(a+)+$`` takes 2**5000 steps if it goes back and forth."""
DEEP_JSON = ("[" * 200_000 + "]" * 200_000, '{"a":' * 100_000 + "1" + "}" * 100_000)
DEEP_XML = "<a>" * 100_000 + "</a>" * 100_000


def value(spec: Any, body: Any, *, predicate: bool = False) -> Any:
    context = RouteContext("test")
    return (spec.compile_predicate(context) if predicate else spec.compile(context))(Exchange(body))


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a|a?)+$", "(.*a){20}$", "([a-z]+)*$"])
def test_a_pattern_of_simple_takes_time_in_proportion_to_the_text(pattern: str) -> None:
    assert value(Simple(expression=f"${{body}} regex '{pattern}'"), EVIL, predicate=True) is False


def test_a_pattern_of_replace_all_takes_time_in_proportion_to_the_text() -> None:
    assert value(Simple(expression="${body.replaceAll('(a|aa)+$','x')}"), EVIL) == EVIL


@pytest.mark.parametrize(
    "pattern", ["(?=a)(a+)+$", "(a*)*\\1$", "(?!b)(a+b?)*$", "(?=x)((ab)+c){2,}", "(?<!c)([ab]+){3}"]
)
def test_a_pattern_that_looks_around_may_not_repeat_what_repeats(pattern: str) -> None:
    with pytest.raises(RouteSyntaxError, match="for ever"):
        value(Simple(expression=f"${{body}} regex '{pattern}'"), "a", predicate=True)


@pytest.mark.parametrize(
    ("pattern", "body"),
    [
        ("(?=.*\\d)\\w+", "ab1"),
        ("(a|b)\\1", "aa"),
        ("(?!x)[a-z]+(?:-[a-z])?", "ab-c"),
        ("a(?=[(+*)]).", "a+"),
        ("(?i)(?!Q)x{2,}", "XXX"),
    ],
)
def test_other_patterns_that_look_around_work(pattern: str, body: str) -> None:
    assert value(Simple(expression=f"${{body}} regex '{pattern}'"), body, predicate=True) is True


def test_a_pattern_that_looks_around_takes_no_long_text() -> None:
    with pytest.raises(ExpressionFailed, match="too long"):
        value(Simple(expression="${body} regex '(?=a)a*'"), "a" * (javaregex.LONGEST + 1), predicate=True)


def test_a_pattern_from_a_message_never_looks_around() -> None:
    with pytest.raises(ExpressionFailed, match="not understood"):
        Simple(expression="${body} regex ${header.p}").compile_predicate(RouteContext("test"))(
            Exchange("aaa", {"p": "(?=a)(a+)+$"})
        )


def test_a_token_may_be_an_evil_pattern() -> None:
    assert list(value(Tokenize(token="(a+)+$", regex=True), EVIL)) == [EVIL]


def test_a_filter_of_jsonpath_may_have_an_evil_pattern() -> None:
    assert value(JsonPath(expression="$[?(@.s =~ /(a+)+$/)]"), [{"s": EVIL}]) == []


def test_a_pattern_of_jq_gives_up() -> None:
    with pytest.raises(RuntimeCamelException, match="retry-limit"):
        value(Jq(expression='test("^(a+)+$")'), '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"')


@pytest.mark.parametrize("body", DEEP_JSON, ids=["lists", "maps"])
def test_deep_json_fails_the_message(body: str) -> None:
    with pytest.raises(ExpressionFailed, match="too deep"):
        value(JsonPath(expression="$..a"), body)
    with pytest.raises(RuntimeCamelException, match="too deep"):
        value(Jq(expression="."), body)
    with pytest.raises(Malformed, match="too deep"):
        value(Simple(expression="${simpleJsonpath(a)}"), body)


def test_deep_maps_are_searched_without_recursion() -> None:
    held: dict[str, Any] = {"b": 1}
    for _ in range(5000):
        held = {"a": held}
    assert value(JsonPath(expression="$..b"), held) == [1]


def test_deep_xml_fails_the_message() -> None:
    with pytest.raises(ConversionFailed, match="Excessive depth"):
        value(XPath(expression="//a"), DEEP_XML)


def test_what_cannot_be_indented_stays_as_it_is() -> None:
    assert value(Simple(expression="${prettyBody}"), DEEP_XML) == DEEP_XML
    assert value(Simple(expression="${prettyBody}"), DEEP_JSON[0]) is None


def test_a_program_of_jq_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jq, "MAX_RESULTS", 1000)
    with pytest.raises(RuntimeCamelException, match="results"):
        value(Jq(expression="repeat(1)"), "1")


@pytest.mark.parametrize(
    "text",
    [
        "${" * 3000,
        "${body" + "[a" * 3000,
        "${iif(" * 2000 + "true,1,2" + ")}" * 2000,
        "(" * 5000,
        "${body[" + "${body" * 500,
    ],
)
def test_texts_nested_without_end_are_refused_and_not_crashed_on(text: str) -> None:
    with pytest.raises(RouteSyntaxError):
        value(Simple(expression=text), "x", predicate=True)
