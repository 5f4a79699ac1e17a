"""JSON that is held against a data type is taken by the letter: what two readers could take differently is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from esb.dataformats.json import Json, JsonFormat, _may_repeat
from esb.datatypes.datatype import DataType
from esb.errors import Malformed, ValidationFailed
from esb.exchange import Exchange


class Order(Schema):
    id = fields.String(required=True)
    note = fields.Raw()


TYPED = JsonFormat(Json(unmarshal_type="test.Order"), DataType("test.Order", Order))
PLAIN = JsonFormat(Json(), None)

NAMES = st.sampled_from(["a", "b", "c", 'q":', " :", "\\", "ü", ""])
BLANKS = st.sampled_from(["", " ", "\n", "\t", "  "])


class Pairs(list[tuple[str, Any]]):
    """An object as it is written, its keys repeated or not."""


def written(value: Any, blanks: list[str]) -> str:
    blank = blanks[len(str(value)) % len(blanks)]
    if isinstance(value, Pairs):
        inner = ",".join(f"{json.dumps(key)}{blank}:{blank}{written(item, blanks)}" for key, item in value)
        return f"{{{blank}{inner}{blank}}}"
    if isinstance(value, list):
        return f"[{','.join(written(item, blanks) for item in value)}]"
    return json.dumps(value)


def repeats(value: Any) -> bool:
    if isinstance(value, Pairs):
        keys = [key for key, _ in value]
        return len(set(keys)) < len(keys) or any(repeats(item) for _, item in value)
    return isinstance(value, list) and any(repeats(item) for item in value)


VALUES = st.recursive(
    NAMES | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(st.tuples(NAMES, inner), max_size=4).map(Pairs) | st.lists(inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.lists(BLANKS, min_size=1, max_size=3))
def test_no_repeated_key_is_overlooked(value: Any, blanks: list[str]) -> None:
    text = written(value, blanks)
    if repeats(value):
        assert _may_repeat(text, json.loads(text))
        assert _may_repeat(text.encode(), json.loads(text))


@pytest.mark.parametrize("hidden", ["\\u003a", "\\u003A", '\\"\\u003a', "\\u0022:", '\\":', "\\\\\\u003a"])
def test_an_escape_does_not_make_up_for_a_dropped_key(hidden: str) -> None:
    with pytest.raises(Malformed):
        TYPED.unmarshal(Exchange(), f'{{"id":"1","id":"{hidden}"}}'.encode())


def test_the_usual_text_needs_no_second_look() -> None:
    value = {"id": "1", "at": "12:30:00", "url": "http://x", "lines": [{"a": 1.5, "b": None}] * 3}
    for text in (json.dumps(value), json.dumps(value, separators=(",", ":")), json.dumps(value, indent=2)):
        assert not _may_repeat(text.encode(), value)


@pytest.mark.parametrize(
    "text",
    ['{"id": "1", "id": "2"}', '{"id": "1", "note": {"x" : 1, "x": 2}}', '{"id": "1"} {}', '{"id": "1"}x'],
)
def test_what_two_readers_could_take_differently_is_no_typed_json(text: str) -> None:
    with pytest.raises(Malformed):
        TYPED.unmarshal(Exchange(), text.encode())
    assert PLAIN.unmarshal(Exchange(), text.encode())["id"] in {"1", "2"}  # as Camel does


@pytest.mark.parametrize("text", ["\ud800", '{"id": "\ud800"}', b"\xff", b'{"id": "\\ud800"}'])
def test_what_is_no_text_is_no_json(text: bytes | str) -> None:
    for each in (TYPED, PLAIN):
        with pytest.raises(Malformed):
            each.unmarshal(Exchange(), text)


@pytest.mark.parametrize("number", ["1e200000", "-1e3000000", "1e-200000", "1e99999999999999999999", "9" * 402 + ".0"])
def test_a_number_far_beyond_what_it_takes_to_write_is_no_typed_json(number: str) -> None:
    with pytest.raises(Malformed, match="more than 400 digits"):
        TYPED.unmarshal(Exchange(), f'{{"id": "a", "note": {number}}}')


@pytest.mark.parametrize(
    "field", [fields.Integer(), fields.Float(), fields.Decimal()], ids=lambda field: type(field).__name__
)
def test_where_a_field_wants_a_number_it_is_named(field: fields.Field[Any]) -> None:
    schema = Schema.from_dict({"lines": fields.List(field)})
    made = JsonFormat(Json(unmarshal_type="test.Lines"), DataType("test.Lines", schema))
    with pytest.raises(ValidationFailed) as caught:
        made.unmarshal(Exchange(), '{"lines": [1, 1e3000000]}')
    assert [told["path"] for told in caught.value.report] == ["lines.1"]


def test_without_a_type_a_number_beyond_floats_is_bad_data() -> None:
    with pytest.raises(Malformed):
        PLAIN.unmarshal(Exchange(), b"[1e400]")


def test_a_whole_number_without_end_is_no_typed_json() -> None:
    with pytest.raises(Malformed):
        TYPED.unmarshal(Exchange(), f'{{"id": {"1" * 100_000}}}')


def test_numbers_of_any_float_are_read_with_their_digits() -> None:
    found = TYPED.unmarshal(Exchange(), '{"id": "a", "note": [1.50, 0.0, -1.7976931348623157e308, 5e-324]}')
    assert [str(number) for number in found["note"]] == ["1.50", "0.0", "-1.7976931348623157E+308", "5E-324"]
