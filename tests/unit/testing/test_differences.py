import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.testing.differences import plain, same, subset, texts

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
data = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))


@given(data)
def test_data_never_differ_from_themselves(value):
    assert list(subset(value, value)) == []


@given(st.dictionaries(st.text(), data), st.text(), data)
def test_a_map_may_hold_more_than_expected(value, key, more):
    assert list(subset(value, {key: more} | value)) == []


@given(st.dictionaries(st.text(), data, min_size=1))
def test_a_key_that_is_missing_is_a_difference(value):
    key = next(iter(value))
    assert len(list(subset(value, {name: one for name, one in value.items() if name != key}))) == 1


@given(data)
def test_bytes_that_hold_json_are_its_data(value):
    assert list(subset(value, plain(json.dumps(value).encode()))) == []


@pytest.mark.parametrize(
    ("expected", "actual", "told"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b: expected 1, got 2"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "a[1].b: expected 2, got 3"),
        ({"a": 1}, {"b": 1}, "a: expected 1, but there is only b"),
        ([1], [1, 2], "it: expected 1 items, got 2: [1, 2]"),
        ({"a": 1}, "text", 'it: expected a map with a, got "text"'),
    ],
)
def test_a_difference_is_told_with_its_path(expected, actual, told):
    assert list(subset(expected, actual)) == [told]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (10.5, Decimal("10.50"), True),
        (Decimal("0.1"), 0.1, True),
        (Decimal("12345678901234567.89"), Decimal(12345678901234568), False),
        (True, 1, False),
        ("1", 1, False),
        (None, "", False),
    ],
)
def test_a_number_written_otherwise_is_the_same_and_nothing_else_is(one, other, equal):
    assert same(one, other) is equal


def test_texts_of_several_lines_differ_by_line():
    [told] = texts("a\nb\nc\n", "a\nx\nc\n")
    assert "-b" in told
    assert "+x" in told


def test_texts_that_differ_only_in_the_last_line_break_differ():
    assert list(texts("a\nb", "a\nb\n"))
