"""The language jsonpath beyond what the oracle's cases say: bounds, data in paths, errors."""

from collections.abc import Callable
from typing import Any

import pytest

from esb.context import RouteContext
from esb.errors import ExpressionFailed, OptionError, UnknownName
from esb.exchange import Exchange
from esb.javanames import caught_by
from esb.languages._jsonpath.errors import PathNotFoundException
from esb.languages.jsonpath import JsonPath, easy

Evaluate = Callable[..., Any]


@pytest.fixture
def evaluate() -> Evaluate:
    context = RouteContext("test")

    def run(path: str, body: Any, headers: dict[str, Any] | None = None, **options: Any) -> Any:
        return JsonPath(expression=path, **options).compile(context)(Exchange(body, headers))

    return run


def test_text_bytes_maps_and_lists_are_read(evaluate: Evaluate) -> None:
    for body in ('{"a": [1, 2]}', b'{"a": [1, 2]}', {"a": [1, 2]}):
        assert evaluate("$.a[1]", body) == 2
    assert evaluate("$[0].a", [{"a": 1}]) == 1


def test_integers_keep_all_their_digits(evaluate: Evaluate) -> None:
    assert evaluate("$.id", '{"id": 12345678901234567890123}') == 12345678901234567890123


def test_a_failure_names_the_path_and_keeps_its_cause(evaluate: Evaluate) -> None:
    with pytest.raises(ExpressionFailed, match=r"jsonpath '\$\.nope': no results for path") as caught:
        evaluate("$.nope", "{}")
    assert isinstance(caught.value.__cause__, PathNotFoundException)
    assert caught_by("com.jayway.jsonpath.PathNotFoundException") == (PathNotFoundException,)


def test_what_is_not_json_is_told_without_quoting_it(evaluate: Evaluate) -> None:
    with pytest.raises(ExpressionFailed, match="line 1, column 9") as caught:
        evaluate("$.a", '{"pin": secret}')
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000, '{"a": NaN}', b'{"a": "\xff"}', "x" * (65 << 20)])
def test_hostile_text_is_refused(evaluate: Evaluate, body: Any) -> None:
    with pytest.raises(ExpressionFailed):
        evaluate("$.a", body)


def test_a_header_may_name_a_property_in_a_path(evaluate: Evaluate) -> None:
    assert evaluate("$.shop.${header.key}", {"shop": {"name": "N"}}, {"key": "name"}) == "N"


@pytest.mark.parametrize("key", ["a[?(@.x)]", "a.keys()", "a[?(@ =~ /x/)]", "@"])
def test_message_data_never_becomes_a_filter_or_function(evaluate: Evaluate, key: str) -> None:
    with pytest.raises(ExpressionFailed, match="only names and numbers may come from it"):
        evaluate("$.shop.${header.key}", {"shop": {"a": {}}}, {"key": key})


def test_an_unknown_option_or_type_is_refused_at_load(evaluate: Evaluate) -> None:
    with pytest.raises(OptionError, match="no option 'NOPE'"):
        evaluate("$", "{}", option=("NOPE",))
    with pytest.raises(UnknownName, match=r"unknown type 'com\.acme\.Order'"):
        evaluate("$", "{}", result_type="com.acme.Order")


def test_a_path_that_cannot_be_read_warns_at_load_and_fails_the_messages(
    evaluate: Evaluate, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ExpressionFailed, match="expected a name"):
        evaluate("$.[", "{}")
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("order.total > 100", "$.order[?(@.total > 100)]"),
        ("store.book.price < 10", "$.store.book[?(@.price < 10)]"),
        ("total == 2", "$..*[?(@.total == 2)]"),
        ("name in ['a']", "$..*[?(@.name in ['a'])]"),
        ("$.total", "$.total"),
        ("total", "total"),
        ("a > 1 && b < 2", "a > 1 && b < 2"),
        ("a>1", "a>1"),
    ],
)
def test_the_short_form_of_predicates(written: str, path: str) -> None:
    assert easy(written) == path


def test_a_predicate_is_true_for_what_it_finds() -> None:
    context = RouteContext("test")
    holds = JsonPath(expression="order.total > 100").compile_predicate(context)
    assert holds(Exchange('{"order": {"total": 101}}'))
    assert not holds(Exchange('{"order": {"total": 99}}'))
