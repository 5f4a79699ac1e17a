import datetime as dt
import threading
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, ValidationError, fields, validate

from esb.datatypes.datatype import DataType
from esb.datatypes.report import MAX_ENTRIES
from esb.errors import OptionError, ValidationFailed
from tests.unit.datatypes.project import one_type


class Line(Schema):
    sku = fields.String(required=True)
    quantity = fields.Integer(data_key="qty")


class Order(Schema):
    id = fields.String(required=True)
    created = fields.Date()
    lines = fields.List(fields.Nested(Line))
    attributes = fields.Dict(keys=fields.String(validate=validate.Length(max=5)), values=fields.Integer())
    password = fields.String(validate=validate.Length(min=8))
    code = fields.String(metadata={"secret": True}, validate=validate.OneOf(["x"], error="{input} is wrong"))


ORDER = DataType("crm.Order", Order)


def failing(value: Any) -> ValidationFailed:
    with pytest.raises(ValidationFailed) as caught:
        ORDER.load(value)
    return caught.value


def test_the_report_has_a_path_a_message_and_the_value() -> None:
    failed = failing({"id": "1", "lines": [{"sku": "a"}, {"sku": "b", "qty": "x"}]})
    assert failed.report == [{"path": "lines.1.qty", "message": "Not a valid integer.", "value": "x"}]
    assert str(failed) == "the data are not a valid crm.Order: lines.1.qty: Not a valid integer."


def test_an_unknown_field_is_reported_without_its_value() -> None:
    assert failing({"id": "1", "passwrd": "geheim"}).report == [{"path": "passwrd", "message": "Unknown field."}]


@pytest.mark.parametrize("field", ["password", "code"])
def test_a_secret_is_never_in_the_error(field: str) -> None:
    failed = failing({"id": "1", field: "geheim"})
    assert failed.report[0]["path"] == field
    assert "geheim" not in repr(
        (failed, failed.report, failed.__cause__, failed.__context__ if not failed.__suppress_context__ else "")
    )


def test_the_pairs_of_a_map_are_reported_by_key() -> None:
    assert failing({"id": "1", "attributes": {"a": "x", "toolong": 1}}).report == [
        {"path": "attributes.toolong", "message": "Longer than maximum length 5."},
        {"path": "attributes.a", "message": "Not a valid integer.", "value": "x"},
    ]


@pytest.mark.parametrize("value", [None, "text", b"bytes", 5, [], [{}]])
def test_what_is_no_object_is_reported_at_the_top(value: Any) -> None:
    assert failing(value).report == [{"path": "", "message": "Invalid input type."}]


def test_a_hundred_thousand_bad_items_give_a_bounded_report() -> None:
    failed = failing({"id": "1", "lines": [{}] * 100_000})
    assert 900 < len(failed.report) <= MAX_ENTRIES + 1
    assert failed.report[-1]["message"].endswith("of 100000 items were looked at.")
    assert len(str(failed)) < 500


def test_a_long_value_and_a_long_key_are_cut() -> None:
    report = failing({"id": "1", "created": "x" * 10_000, "k" * 10_000: 1}).report
    assert all(len(str(entry)) < 300 for entry in report)


def test_data_nested_too_deeply_are_refused() -> None:
    class Node(Schema):
        child = fields.Nested(lambda: Node())  # noqa: PLW0108 - Node is not yet bound

    value: dict[str, Any] = {}
    for _ in range(100_000):
        value = {"child": value}
    with pytest.raises(ValidationFailed, match="nested too deeply"):
        DataType("crm.Node", Node).load(value)


def test_a_validator_that_crashes_is_a_validation_failure() -> None:
    class Crashing(Schema):
        when = fields.DateTime(validate=validate.Range(min=dt.datetime(2024, 1, 1, tzinfo=dt.UTC)))

    with pytest.raises(ValidationFailed, match="TypeError"):
        DataType("crm.Crashing", Crashing).load({"when": "2024-05-05T00:00:00"})


def test_dump_gives_outside_data() -> None:
    assert ORDER.dump({"id": "1", "created": dt.date(2024, 1, 2), "lines": [{"sku": "a", "quantity": 1}]}) == {
        "id": "1",
        "created": "2024-01-02",
        "lines": [{"sku": "a", "qty": 1}],
    }


def test_dump_names_the_field_that_cannot_be_written() -> None:
    with pytest.raises(ValidationFailed) as caught:
        ORDER.dump({"id": "1", "created": "not a date"})
    assert caught.value.report == [{"path": "created", "message": "A value of class str cannot be written: TypeError."}]


def test_dump_with_check_refuses_what_would_not_load() -> None:
    assert ORDER.dump({"created": None}) == {"created": None}
    with pytest.raises(ValidationFailed, match="id: Missing data"):
        ORDER.dump({}, check=True)


def test_load_many_goes_on_after_an_invalid_value() -> None:
    consumed = []

    def values() -> Any:
        for value in ({"id": "1"}, {}, {"id": "3"}):
            consumed.append(value)
            yield value

    outcomes = ORDER.load_many(values())
    assert next(outcomes).value == {"id": "1"}
    assert len(consumed) == 1
    bad, good = outcomes
    assert (bad.index, bad.valid, bad.report[0]["path"]) == (1, False, "id")
    assert (good.index, good.valid, good.value) == (2, True, {"id": "3"})


def test_a_type_describes_itself() -> None:
    described = ORDER.describe()
    assert described["name"] == "crm.Order"
    assert described["fields"]["id"] == {"type": "string", "required": True}
    assert described["fields"]["lines"]["of"]["fields"]["quantity"] == {"type": "integer", "data_key": "qty"}
    assert described["fields"]["password"] == {"type": "string", "secret": True, "checks": ["length min 8"]}


def test_a_recursive_type_describes_itself() -> None:
    class Node(Schema):
        child = fields.Nested(lambda: Node())  # noqa: PLW0108 - as above

    assert "fields" not in DataType("crm.Node", Node).describe()["fields"]["child"]["of"]


def test_a_type_is_loaded_by_many_threads() -> None:
    wrong: list[Any] = []

    def work(number: int) -> None:
        for _ in range(200):
            if (
                ORDER.load({"id": str(number), "lines": [{"sku": "a", "qty": number}]})["lines"][0]["quantity"]
                != number
            ):
                wrong.append(number)
            try:
                ORDER.load({"id": number})
            except ValidationFailed as failed:
                if failed.report[0]["path"] != "id":
                    wrong.append(failed)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_layout_follows_widths(tmp_path: Path) -> None:
    made = one_type(
        tmp_path,
        "a: {type: string, width: 5}\nb: {type: integer, width: 3, pad: '0'}\nc: {type: string, start: 10, width: 2, column: C}",
    )
    assert [(p.key, p.start, p.width, p.pad, p.align, p.column) for p in made.layout()] == [
        ("a", 1, 5, " ", "left", "a"),
        ("b", 6, 3, "0", "right", "b"),
        ("c", 10, 2, " ", "left", "C"),
    ]


def test_a_layout_comes_from_the_metadata_of_a_python_schema() -> None:
    class Record(Schema):
        a = fields.Integer(metadata={"width": 4}, data_key="A")

    (place,) = DataType("erp.Record", Record).layout()
    assert (place.key, place.start, place.width, place.align, place.kind) == ("A", 1, 4, "right", "integer")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("a: {type: string, width: 5}\nb: {type: string, start: 5, width: 2}", "'b' begins at 5, inside 'a'"),
        ("a: {type: string, width: 5}\nb: string", "'b' has no 'width'"),
        ("a: {type: string, start: 5}", "no 'width'"),
    ],
)
def test_an_impossible_layout_is_refused(tmp_path: Path, spec: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        one_type(tmp_path, spec).layout()


def test_raw_load_raises_marshmallows_own_error() -> None:
    with pytest.raises(ValidationError):
        ORDER.raw_load({})
