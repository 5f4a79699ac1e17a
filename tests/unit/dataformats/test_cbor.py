import datetime as dt
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.dataformats._cbor import decode, encode
from esb.dataformats.cbor import Cbor
from esb.errors import ConversionFailed, Malformed
from esb.exchange import Exchange
from tests.unit.dataformats.sources import refusal

PLAIN = Cbor().build(None)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=15,
)


@given(VALUES)
def test_what_is_written_is_read_again(value):
    assert PLAIN.unmarshal(Exchange(), PLAIN.marshal(Exchange(), value)) == value


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data):
    told = refusal(PLAIN, data)
    assert told is None or "CBOR" in told


@given(VALUES, st.data())
def test_a_part_is_refused_or_another_value(value, data):
    packed = PLAIN.marshal(Exchange(), [value])
    with pytest.raises(Malformed):
        PLAIN.unmarshal(Exchange(), packed[: data.draw(st.integers(0, len(packed) - 1))])


@pytest.mark.parametrize(
    ("hexadecimal", "value"),
    [  # RFC 8949, appendix A
        ("00", 0), ("17", 23), ("1818", 24), ("1903e8", 1000), ("1a000f4240", 1000000), ("1b000000e8d4a51000", 1000000000000),
        ("c249010000000000000000", 18446744073709551616), ("3bffffffffffffffff", -18446744073709551616), ("20", -1), ("3903e7", -1000),
        ("f93c00", 1.0), ("f97bff", 65504.0), ("fa47c35000", 100000.0), ("fb3ff199999999999a", 1.1), ("f97c00", math.inf),
        ("f4", False), ("f5", True), ("f6", None), ("f7", None), ("c11a514b67b0", 1363896240), ("d74401020304", b"\1\2\3\4"),
        ("6161", "a"), ("62c3bc", "ü"), ("80", []), ("83010203", [1, 2, 3]), ("8301820203820405", [1, [2, 3], [4, 5]]), ("a0", {}),
        ("a201020304", {"1": 2, "3": 4}), ("a26161016162820203", {"a": 1, "b": [2, 3]}), ("5f42010243030405ff", b"\1\2\3\4\5"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]), ("bf6346756ef563416d7421ff", {"Fun": True, "Amt": -2}),
    ],
)  # fmt: skip
def test_the_examples_of_the_standard_are_read(make, hexadecimal, value):
    assert make("cbor").read(bytes.fromhex(hexadecimal)) == value


@pytest.mark.parametrize(
    "hexadecimal",
    ["", "ff", "1c", "1f", "df", "61", "62c3", "61ff", "81", "a101", "bf01ff", "81ff", "5f01ff", "5f5f4101ffff",
     "9bffffffffffffffff", "fc", "7bffffffffffffffff61"],
)  # fmt: skip
def test_what_is_not_sound_is_refused(make, hexadecimal):
    with pytest.raises(Malformed):
        make("cbor").read(bytes.fromhex(hexadecimal))


def test_bottomless_nesting_is_refused(make):
    with pytest.raises(Malformed, match="nested deeper"):
        make("cbor").read(b"\x81" * 100_000)


def test_maps_have_the_form_that_jackson_gives_them(make):
    assert make("cbor").write({"a": 1, "b": ["x", None, True]}).hex() == "bf6161016162836178f6f5ff"


def test_dates_are_written_as_text(make):
    assert make("cbor").read(make("cbor").write(dt.date(2020, 1, 2))) == "2020-01-02"


def test_what_has_no_form_is_refused(make):
    endless = []
    endless.append(endless)
    for value in (object(), endless):
        with pytest.raises(ConversionFailed):
            make("cbor").write(value)


def test_a_data_type_checks_what_is_read(make):
    rows = make("cbor", unmarshal_type="erp.Row")
    assert rows.read(make("cbor").write({"sku": "a", "price": "1.5"}))["sku"] == "a"
    with pytest.raises(Malformed, match="a list is expected"):
        make("cbor", use_list=True).read(b"\xa0")


@given(st.decimals(allow_nan=False, allow_infinity=False).filter(lambda value: abs(value.adjusted()) <= 400))
def test_a_decimal_keeps_its_digits_for_a_data_type(value):
    assert str(decode(encode(value), typed=True)).lstrip("-") == str(value).lstrip("-")
    assert decode(encode(value), typed=True) == value


def test_a_decimal_has_the_form_that_jackson_gives_it(make):
    assert make("cbor").write(Decimal("273.15")).hex() == "c48221196ab3"  # RFC 8949, 3.4.4


def test_a_decimal_without_a_data_type_is_a_float_as_others_are(make):
    assert repr(make("cbor").read(bytes.fromhex("c48221196ab3"))) == "273.15"


def test_what_a_data_type_wrote_it_reads_with_all_digits(make):
    rows = make("cbor", unmarshal_type="erp.Row")
    read = rows.read(rows.write({"sku": "a", "price": Decimal("12345678901234567.89")}))
    assert read["price"] == Decimal("12345678901234567.89")


@pytest.mark.parametrize(
    "hexadecimal",
    ["c48200", "c401", "c482016161", "c483010203", "c4821a000186a001", "c482c2490100000000000000000001",
     "c48200c258c8" + "ff" * 200],
)  # fmt: skip
def test_a_decimal_that_is_none_or_too_long_is_refused(make, hexadecimal):
    with pytest.raises(Malformed):
        make("cbor").read(bytes.fromhex(hexadecimal))


def test_a_decimal_of_thousands_of_digits_is_not_written():
    with pytest.raises(ConversionFailed, match="more than 400 digits"):
        encode(Decimal("0." + "1" * 5000))


def test_a_key_twice_is_refused_where_a_data_type_is_named(make):
    data = bytes.fromhex("a3" + "63736b756161" + "657072696365" + "0a" + "657072696365" + "1863")
    with pytest.raises(Malformed, match="the key 'price' occurs twice"):
        make("cbor", unmarshal_type="erp.Row").read(data)
    assert make("cbor").read(data) == {"sku": "a", "price": 99}
