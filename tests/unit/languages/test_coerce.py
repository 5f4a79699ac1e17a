from __future__ import annotations

import decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.coerce import NoConversion, boolean, converter, floating, integer, lenient, result_converter, text
from esb.errors import ConversionFailed
from esb.languages.simple.operators import compare, equal


@given(st.integers())
def test_a_whole_number_survives_its_text(value: int) -> None:
    assert integer(text(value)) == value


@given(st.floats(allow_nan=False))
def test_a_float_survives_its_text(value: float) -> None:
    assert floating(text(value)) == value


@pytest.mark.parametrize("told", [" 3 ", "1_000", "2.7", "", "x", "0x10"])
def test_a_text_that_java_does_not_read_as_a_whole_number_is_refused(told: str) -> None:
    with pytest.raises(ConversionFailed):
        integer(told)


@pytest.mark.parametrize("told", ["1_0.5", "inf", "nan", "", "1e"])
def test_a_text_that_java_does_not_read_as_a_number_is_refused(told: str) -> None:
    with pytest.raises(ConversionFailed):
        floating(told)


@pytest.mark.parametrize(
    ("value", "truth"), [("TRUE", True), ("false", False), (7, True), (0, False), (-1, False), (None, None)]
)
def test_booleans(value: object, truth: bool | None) -> None:
    assert boolean(value) is truth


@pytest.mark.parametrize(
    ("type_name", "value"), [("List", "a,b"), ("byte[]", 3), ("Boolean", "yes"), ("Map", "x"), ("Integer", [1])]
)
def test_where_there_is_no_way_the_mandatory_form_fails_and_the_lenient_one_is_nothing(
    type_name: str, value: object
) -> None:
    with pytest.raises(NoConversion):
        converter(type_name)(value)
    assert lenient(type_name)(value) is None


def test_primitive_results_let_whole_numbers_and_booleans_pass_and_give_zero_for_nothing() -> None:
    assert result_converter("boolean")(7) == 7
    assert result_converter("int")(None) == 0
    assert result_converter("Integer")(None) is None
    assert result_converter("double")("2.5") == 2.5


def test_an_unknown_type_is_no_conversion() -> None:
    with pytest.raises(KeyError):
        converter("no.such.Type")


def test_our_own_decimal_reads_text_exactly() -> None:
    assert converter("decimal")("0.10") == decimal.Decimal("0.10")


def test_a_decimal_of_a_huge_exponent_is_no_whole_number() -> None:
    with pytest.raises(ConversionFailed, match="more than 400 digits"):
        integer(decimal.Decimal("1e3000000"))


def test_a_decimal_of_a_huge_exponent_has_its_order_all_the_same() -> None:
    assert compare(decimal.Decimal("1e3000000"), 10) > 0
    assert compare(10, decimal.Decimal("1e3000000")) < 0
    assert not equal(decimal.Decimal("1e3000000"), 10)


@pytest.mark.parametrize(
    ("left", "right"), [("5.7", 5.5), (5.7, "5.5"), ("1.7", "1.5"), ("0.11", 0.1), ("1e3000000", 1e300)]
)
def test_a_decimal_is_held_against_a_number_with_what_is_behind_the_point(left: object, right: object) -> None:
    greater, less = (decimal.Decimal(one) if isinstance(one, str) else one for one in (left, right))
    assert (compare(greater, less), compare(less, greater)) == (1, -1)


def test_a_decimal_is_neither_above_nor_below_the_number_that_is_written_alike() -> None:
    assert compare(decimal.Decimal("1000.10"), 1000.10) == 0
    assert compare(decimal.Decimal("1.5"), float("nan")) == -1
