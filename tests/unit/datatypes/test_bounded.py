"""Wrong data of any size are refused after a bounded effort, and for the same reasons."""

import time
from typing import Any

import pytest
from marshmallow import Schema, fields, validate

from esb.datatypes.datatype import DataType
from esb.errors import ValidationFailed


class Line(Schema):
    sku = fields.String(required=True)
    quantity = fields.Integer(required=True, strict=True)


class Order(Schema):
    id = fields.String(required=True)
    lines = fields.List(fields.Nested(Line), required=True, validate=validate.Length(max=3000))
    tags = fields.Dict(keys=fields.String(), values=fields.Integer())


ORDER = DataType("test.Order", Order)
LINE = {"sku": "A", "quantity": 1}


def order(lines: Any, **others: Any) -> dict[str, Any]:
    return {"id": "1", "lines": lines, **others}


def refusal(value: Any) -> list[dict[str, Any]]:
    with pytest.raises(ValidationFailed) as caught:
        ORDER.load(value)
    return caught.value.report


@pytest.mark.parametrize(
    "value",
    [
        order([{"sku": 1}] * 200_000),
        order([1] * 1_000_000),
        order([LINE] * 1000 + [{}] * 200_000),
        order([], **{str(key): 1 for key in range(300_000)}),
        order([], tags={str(key): "x" for key in range(300_000)}),
        order(lines=5, tags=[1] * 1_000_000),
    ],
    ids=["wrong objects", "no objects", "wrong after good ones", "unknown fields", "wrong values of a map", "no lists"],
)
def test_a_refusal_of_very_much_is_quick(value: Any) -> None:
    began = time.process_time()
    assert refusal(value)
    assert time.process_time() - began < 2.0  # marshmallow alone: 15 s and more for the first


def test_items_are_named_by_their_true_places() -> None:
    lines = [LINE] * 1500 + [{"sku": "A", "quantity": "x"}] * 1500
    places = [int(entry["path"].split(".")[1]) for entry in refusal(order(lines)) if entry["path"].startswith("lines.")]
    assert places
    assert all(place >= 1500 for place in places)


def test_it_is_said_that_not_all_was_looked_at() -> None:
    assert refusal(order([1] * 1500))[-1]["message"].endswith("of 1500 items were looked at.")


def test_a_single_wrong_item_among_many_is_found() -> None:
    lines = [LINE] * 2000
    lines[1777] = {"sku": "A", "quantity": "x"}
    assert [entry["path"] for entry in refusal(order(lines))] == ["lines.1777.quantity"]


def test_a_list_that_is_too_long_is_refused_for_that() -> None:
    assert refusal(order([LINE] * 3001)) == [{"path": "lines", "message": "Longer than maximum length 3000."}]


class Whole(Schema):
    parts = fields.List(fields.Integer(), validate=validate.Length(equal=2000))


def test_what_is_said_of_a_list_because_it_was_sampled_does_not_count() -> None:
    class Number(int):
        """Unusual enough for the generated code to leave the data to marshmallow."""

    assert DataType("test.Whole", Whole).load({"parts": [Number(1)] * 2000}) == {"parts": [1] * 2000}
