import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from marshmallow import fields

from esb.errors import ConfigError, ValidationFailed
from tests.unit.datatypes.project import one_type

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("spec", "given", "loaded"),
    [
        ("string", "a", "a"),
        ("{type: string, clean: [strip, upper]}", " ab ", "AB"),
        ("{type: string, clean: [collapse_blanks, lower]}", " A  \t b ", "a b"),
        ("{type: string, clean: digits_only}", "+49 (30) 12", "493012"),
        ("{type: string, clean: [strip, empty_to_none]}", "  ", None),
        ("{type: string, clean: [{none_if: ['NULL', '-']}]}", "NULL", None),
        ("{type: integer, clean: [empty_to_none]}", "", None),
        ("integer", "12", 12),
        ("{type: integer, group_mark: '.'}", "1.234", 1234),
        ("{type: decimal, decimal_mark: ',', group_mark: '.'}", "1.234,50", Decimal("1234.50")),
        ("{type: decimal, decimal_mark: ',', group_mark: '.'}", 5, Decimal(5)),
        ("{type: decimal, places: 2, rounding: half_up}", "1.005", Decimal("1.01")),
        ("float", "1.5", 1.5),
        ("boolean", "yes", True),
        ("{type: boolean, true_texts: J, false_texts: [N, '']}", "J", True),
        ("{type: boolean, true_texts: J, false_texts: [N, '']}", "", False),
        ("date", "2024-02-29", dt.date(2024, 2, 29)),
        ("{type: date, format: '%d.%m.%Y'}", "29.02.2024", dt.date(2024, 2, 29)),
        ("{type: date, format: yyyyMMdd}", "20240229", dt.date(2024, 2, 29)),
        ("time", "10:11", dt.time(10, 11)),
        ("{type: datetime, zone: UTC}", "2024-01-02T03:04:05", dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (
            "{type: datetime, naive: true, zone: UTC}",
            "2024-01-02T03:04:05+01:00",
            dt.datetime.fromisoformat("2024-01-02T02:04:05"),
        ),
        ("{type: datetime, format: timestamp}", 0, dt.datetime.fromisoformat("1970-01-01T00:00:00")),
        ("email", "a@b.org", "a@b.org"),
        ("{type: url, schemes: [http]}", "http://erp/x", "http://erp/x"),
        ("{type: enum, values: [new, paid]}", "paid", "paid"),
        ("{type: enum, values: [1, 2]}", "2", 2),
        ("{type: list, of: integer}", ["1", 2], [1, 2]),
        ("{type: list, of: {type: string, clean: strip}}", [" a"], ["a"]),
        ("{type: list, of: {fields: {a: integer}}}", [{"a": "1"}], [{"a": 1}]),
        ("{type: nested, fields: {a: integer}, unknown: exclude}", {"a": "1", "b": 2}, {"a": 1}),
        ("{fields: {a: integer}}", {"a": "1"}, {"a": 1}),
        ("map", {"a": 1}, {"a": 1}),
        ("{type: map, of: integer, keys: {type: string, clean: upper}}", {"a": "1"}, {"A": 1}),
        ("any", [1, {}], [1, {}]),
        ("{type: string, regex: '[A-Z]{2}[0-9]+'}", "AB12", "AB12"),
        ("{type: date, range: {min: 2024-01-01}}", "2024-01-01", dt.date(2024, 1, 1)),
        ("{type: decimal, one_of: ['1.5', 2]}", "1.50", Decimal("1.50")),
    ],
)
def test_a_kind_loads(tmp_path: Path, spec: str, given: Any, loaded: Any) -> None:
    made = one_type(tmp_path, f"f: {spec}")
    assert made.load({"f": given}) == {"f": loaded}
    assert made.schema.load({"f": given}) == {"f": loaded}


@pytest.mark.parametrize(
    ("spec", "given", "message"),
    [
        ("{type: string, length: {min: 2, max: 3}}", "a", "Length must be between 2 and 3."),
        ("{type: string, length: 2}", "a", "Length must be 2."),
        ("{type: integer, range: {above: 0}}", 0, "Must be greater than 0."),
        ("{type: date, range: {max: 2024-01-01}}", "2024-01-02", "Must be less than or equal to 2024-01-01."),
        ("{type: string, regex: '[A-Z]{2}'}", "ABC", "String does not match expected pattern."),
        ("{type: string, regex: 'a|b'}", "ab", "String does not match expected pattern."),
        ("{type: string, one_of: [x, y]}", "z", "Must be one of: x, y."),
        ("{type: enum, values: [x, y]}", "z", "Must be one of: x, y."),
        ("{type: string, required: true, clean: [strip, empty_to_none]}", " ", "Missing data for required field."),
        ("{type: string, allow_none: false, clean: [empty_to_none]}", "", "Field may not be null."),
        ("string", None, "Field may not be null."),
        ("{type: integer, strict: true}", "1", "Not a valid integer."),
        ("{type: list, of: string, length: {min: 1}}", [], "Shorter than minimum length 1."),
        ("uuid", "x", "Not a valid UUID."),
    ],
)
def test_a_check_refuses(tmp_path: Path, spec: str, given: Any, message: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        one_type(tmp_path, f"f: {spec}").load({"f": given})
    assert [entry["message"] for entry in caught.value.report] == [message]


def test_a_declared_type_is_a_marshmallow_class(tmp_path: Path) -> None:
    schema = one_type(tmp_path, "id: {type: string, required: true, data_key: orderId}").schema
    assert isinstance(schema.fields["id"], fields.String)
    assert schema.load({"orderId": "x"}) == {"id": "x"}


def test_unknown_fields_are_refused_unless_declared_otherwise(tmp_path: Path) -> None:
    with pytest.raises(ValidationFailed, match="Unknown field"):
        one_type(tmp_path, "a: string").load({"b": 1})
    assert one_type(tmp_path, "a: string", "    unknown: include").load({"b": 1}) == {"b": 1}


def test_a_default_is_read_as_the_field_reads_and_never_shared(tmp_path: Path) -> None:
    made = one_type(tmp_path, "d: {type: date, default: 2024-01-02}\nl: {type: list, of: string, default: [a]}")
    first = made.load({})
    first["l"].append("b")
    assert made.load({}) == {"d": dt.date(2024, 1, 2), "l": ["a"]}
    assert made.dump({}) == {"d": "2024-01-02", "l": ["a"]}


def test_a_default_of_null_allows_null(tmp_path: Path) -> None:
    made = one_type(tmp_path, "a: {type: string, default: null}")
    assert made.load({}) == made.load({"a": None}) == {"a": None}


@pytest.mark.parametrize("name", ["fields", "Meta", "load", "opts", "order-id", "context", "items"])
def test_a_field_may_have_any_name_without_a_dot(tmp_path: Path, name: str) -> None:
    made = one_type(tmp_path, f"{name}: integer")
    assert made.load({name: "1"}) == {name: 1}
    assert made.dump({name: 1}) == {name: 1}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{type: strin}", "did you mean 'string'"),
        ("{type: string, lenght: 3}", "did you mean 'length'"),
        ("{type: string, range: {min: 1}}", "unknown option of a field of kind string 'range'"),
        ("{type: string, length: {min: 3, max: 2}}", "no length is at least 3"),
        ("{type: string, length: x}", "'length' must be a map"),
        ("{type: string, regex: '(?=a)'}", "no look-around"),
        ("{type: string, clean: [trim]}", "unknown cleaning step 'trim'"),
        ("{type: string, decimal_mark: ','}", "unknown option"),
        ("{type: decimal, decimal_mark: ',', group_mark: ','}", "must differ"),
        ("{type: decimal, group_mark: '12'}", "one character"),
        ("{type: decimal, rounding: up_half}", "known: half_even"),
        ("{type: integer, range: {min: a}}", "'a' does not fit the field"),
        ("{type: integer, range: {min: 1, above: 1}}", "either 'min' or 'above'"),
        ("{type: integer, default: x}", "does not fit the field"),
        ("{type: integer, default: 1, required: true}", "no use for a 'default'"),
        ("{type: date, format: 'dd.QQ'}", "has no counterpart"),
        ("{type: datetime, zone: Europe/Berln}", "no time zone"),
        ("{type: enum}", "needs 'values'"),
        ("{type: enum, values: []}", "at least one"),
        ("{type: list}", "needs 'of'"),
        ("{type: nested}", "either 'of'"),
        ("{required: true}", "needs 'type'"),
        ("{type: string, required: 'yes'}", "'required' must be true or false"),
        ("{type: string, width: 0}", "counted from 1"),
        ("[string]", "a field is its kind or a map"),
        ("{type: list, of: {type: strin}}", "did you mean 'string'"),
    ],
)
def test_a_wrong_declaration_is_explained_at_its_line(tmp_path: Path, spec: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        one_type(tmp_path, f"ok: string\nf: {spec}")
    assert message in str(caught.value)
    assert caught.value.at.line == 5


def test_two_fields_with_one_data_key_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not possible"):
        one_type(tmp_path, "a: string\nb: {type: string, data_key: a}")


def test_a_cleaned_field_is_compiled(tmp_path: Path) -> None:
    made = one_type(tmp_path, 'a: {type: integer, clean: [strip, empty_to_none], group_mark: "\'"}')
    assert made.describe()["compiled"]["load"] == "generated"
    assert [made.load({"a": value})["a"] for value in (" 1'000 ", "", None, 7)] == [1000, None, None, 7]
