import datetime as dt
import enum
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.datatypes.convert import AS, Convert, coercion, parse_date, parse_number, to_decimal, to_text
from esb.datatypes.dateformats import python_format
from esb.datatypes.document import Part
from esb.errors import ConversionFailed, Position

MOMENT = dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC)


class Colour(enum.Enum):
    RED = 1


def number(**spec: Any) -> Convert:
    return parse_number(Part(spec, lambda _: Position("f", 1, 1)))[0]


def date(**spec: Any) -> Convert:
    return parse_date(Part(spec, lambda _: Position("f", 1, 1)))[0]


@pytest.mark.parametrize(
    ("spec", "given_value", "made"),
    [
        ({"round": 1}, "2.25", Decimal("2.2")),
        ({"round": 1, "rounding": "half_up"}, 2.25, Decimal("2.3")),
        ({"round": 0}, Decimal("2.5"), 2),
        ({"round": -2}, 1250, 1200),
        ({"multiply": 100}, "0.29", Decimal("29.00")),
        ({"divide": 4}, 1, Decimal("0.25")),
        ({"places": 2}, 3, "3.00"),
        ({"places": 0, "group_mark": "'"}, 1234567, "1'234'567"),
        ({"places": 2, "decimal_mark": ",", "group_mark": "."}, "-1234.5", "-1.234,50"),
        ({"width": 6}, 42, "000042"),
        ({"width": 6}, -42, "-00042"),
        ({"round": 2}, " 1e2 ", Decimal("100.00")),
    ],
)
def test_a_number_is_converted(spec: dict[str, Any], given_value: Any, made: Any) -> None:
    found = number(**spec)(given_value)
    assert (found, type(found)) == (made, type(made))


@pytest.mark.parametrize("value", ["x", "", "nan", "Infinity", True, [1], {}, float("inf"), MOMENT])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ConversionFailed):
        to_decimal(value)


def test_a_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ConversionFailed, match="2 digits"):
        number(width=2)(123)
    with pytest.raises(ConversionFailed, match="too large"):
        number(round=2)("1" * 40)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-(10**12), max_value=10**12))
def test_a_number_without_treatment_is_exact(value: Decimal) -> None:
    assert number()(value) == number()(str(value)) == value


@pytest.mark.parametrize(
    ("spec", "given_value", "made"),
    [
        ({"from": "dd.MM.yyyy"}, "06.05.2024", dt.date(2024, 5, 6)),
        ({"from": "%d.%m.%Y %H:%M"}, "06.05.2024 07:08", dt.datetime.fromisoformat("2024-05-06T07:08:00")),
        ({}, "2024-05-06", dt.date(2024, 5, 6)),
        ({}, "2024-05-06T07:08:09+00:00", MOMENT),
        ({"from": "rfc"}, "Mon, 06 May 2024 07:08:09 +0000", MOMENT),
        ({"from": "timestamp"}, "1714979289", MOMENT),
        ({"from": "timestamp_ms"}, 1714979289000, MOMENT),
        ({"to": "iso"}, MOMENT, "2024-05-06T07:08:09+00:00"),
        ({"to": "rfc"}, MOMENT, "Mon, 06 May 2024 07:08:09 +0000"),
        ({"to": "timestamp"}, MOMENT, "1714979289"),
        ({"to": "timestamp_ms"}, dt.date(1970, 1, 2), "86400000"),
        ({"to": "yyyyMMdd"}, dt.date(2024, 5, 6), "20240506"),
        ({"zone": "Europe/Berlin", "to": "HH:mm"}, MOMENT, "09:08"),
        ({"from_zone": "Europe/Berlin", "zone": "UTC", "to": "HH:mm"}, "2024-05-06T09:08:00", "07:08"),
    ],
)
def test_a_date_is_converted(spec: dict[str, Any], given_value: Any, made: Any) -> None:
    assert date(**spec)(given_value) == made


@pytest.mark.parametrize("value", ["x", "2024-02-30", "", 5, None, "2024-05-06T25:00:00"])
def test_what_is_no_date_is_refused(value: Any) -> None:
    with pytest.raises(ConversionFailed, match="not a date"):
        date()(value)


def test_a_zone_needs_a_zone_to_come_from() -> None:
    with pytest.raises(ConversionFailed, match="from_zone"):
        date(zone="UTC")("2024-05-06T07:08:09")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (Decimal("1E+3"), "1000"),
        (1.5, "1.5"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (Colour.RED, "RED"),
    ],
)
def test_a_value_has_a_text(value: Any, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("kind", "value", "made"),
    [
        ("integer", "12.0", 12),
        ("float", "1.5", 1.5),
        ("boolean", "Yes", True),
        ("boolean", 0, False),
        ("date", "2024-05-06T07:08:09", dt.date(2024, 5, 6)),
        ("date", MOMENT, dt.date(2024, 5, 6)),
    ],
)
def test_a_value_becomes_another_kind(kind: str, value: Any, made: Any) -> None:
    found = AS[kind](value)
    assert (found, type(found)) == (made, type(made))


@pytest.mark.parametrize(("kind", "value"), [("integer", "1.5"), ("boolean", "maybe"), ("date", "x"), ("string", [])])
def test_a_value_that_cannot_become_a_kind_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(ConversionFailed):
        AS[kind](value)


@pytest.mark.parametrize(
    ("source", "target"), [("float", "integer"), ("list", "string"), ("date", "integer"), ("decimal", "date")]
)
def test_kinds_that_need_a_decision_do_not_become_each_other(source: str, target: str) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        coercion(source, target)


@pytest.mark.parametrize(
    ("java", "python"),
    [
        ("dd.MM.yyyy", "%d.%m.%Y"),
        ("yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%dT%H:%M:%S"),
        ("yy''MM", "%y'%m"),
        ("EEE, d"[:3], "%a"),
        ("%Y", "%Y"),
        ("iso", "iso"),
    ],
)
def test_javas_formats_are_understood(java: str, python: str) -> None:
    assert python_format(java) == python


@pytest.mark.parametrize("text", ["dd.QQ", "SSS", "yyyy 'x"])
def test_formats_without_a_counterpart_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"counterpart|closed"):
        python_format(text)


@pytest.mark.parametrize("value", ["1e100000", "1e-100000", Decimal("1e50000000"), "1e99999999999999999999"])
@pytest.mark.parametrize("kind", ["integer", "decimal", "float"])
def test_a_number_that_few_characters_make_huge_is_refused(value: Any, kind: str) -> None:
    with pytest.raises(ConversionFailed):
        AS[kind](value)


def test_a_decimal_is_not_written_out_into_millions_of_zeros() -> None:
    with pytest.raises(ConversionFailed, match="more than 400 digits"):
        to_text(Decimal("1e50000000"))


def test_a_whole_number_of_many_digits_stays_what_it_is() -> None:
    assert AS["integer"](7**800) == 7**800
