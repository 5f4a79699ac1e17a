import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.coerce import NoConversion
from esb.dataformats.json import Json
from esb.errors import ConversionFailed, Malformed, ValidationFailed
from esb.exchange import Exchange
from tests.unit.dataformats.sources import refusal

PLAIN = Json().build(None)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read_again(value):
    assert PLAIN.unmarshal(Exchange(), PLAIN.marshal(Exchange(), value)) == value


@given(VALUES)
def test_what_is_written_is_json_for_others_too(value):
    assert json.loads(PLAIN.marshal(Exchange(), value)) == value


@given(VALUES)
def test_written_for_people_it_is_the_same_value(value):
    pretty = Json(pretty_print=True).build(None)
    assert json.loads(pretty.marshal(Exchange(), value)) == value


def test_written_for_people_numbers_and_their_order_are_the_same():
    made = Json(pretty_print=True, enable_features="ORDER_MAP_ENTRIES_BY_KEYS").build(None)
    assert made.marshal(Exchange(), {"b": Decimal("5.00"), "a": 1}) == b'{\n  "a" : 1,\n  "b" : 5.00\n}'


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_words(data):
    told = refusal(PLAIN, data)
    assert told is None or "not JSON" in told


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "[1", '{"a":', "{'a': 1}", '{"a": 1,}', "[1 2]", "nul", "01", "NaN", "[Infinity]", '"\x01"', "\x00", "// c\n1",
        b"\xff", b'{"a": "\xff"}', b"\xef\xbb\xbf", '"\\ud800', "{1: 2}",
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(make, text):
    with pytest.raises(Malformed):
        make("json").read(text)


@pytest.mark.parametrize("depth", [100_000, 3_000_000])
def test_bottomless_nesting_is_refused(make, depth):
    with pytest.raises(Malformed):
        make("json").read("[" * depth)


def test_nothing_cannot_be_read(make):
    with pytest.raises((NoConversion, ConversionFailed)):
        make("json").read(None)


def test_a_value_that_holds_itself_cannot_be_written(make):
    value = []
    value.append(value)
    with pytest.raises(ConversionFailed):
        make("json").write(value)


def test_an_object_cannot_be_written(make):
    with pytest.raises(ConversionFailed, match="object"):
        make("json").write({"a": object()})


def test_what_follows_the_value_is_not_read_as_in_camel(make):
    assert make("json").read('{"a": 1} {"b": 2}') == {"a": 1}


def test_a_large_whole_number_stays_exact(make):
    assert make("json").read("[12345678901234567890]") == [12345678901234567890]


def test_the_content_type_is_set_unless_the_route_says_otherwise(make):
    plain, silent = make("json"), make("json", content_type_header=False)
    plain.write({})
    silent.write({})
    assert (plain.headers, silent.headers) == ({"Content-Type": "application/json"}, {})


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("ALWAYS", b'{"a":null,"b":"","c":[],"d":{},"e":0}'),
        ("NON_NULL", b'{"b":"","c":[],"d":{},"e":0}'),
        ("NON_EMPTY", b'{"e":0}'),
    ],
)
def test_nulls_and_empty_values_are_left_out_on_demand(make, include, expected):
    assert make("json", include=include).write({"a": None, "b": "", "c": [], "d": {}, "e": 0}) == expected


def test_a_list_is_demanded_by_use_list(make):
    with pytest.raises(Malformed, match="a list is expected"):
        make("json", use_list=True).read('{"a": 1}')


def test_a_java_map_type_demands_a_map(make):
    with pytest.raises(Malformed, match="a map is expected"):
        make("json", unmarshal_type="java.util.HashMap").read("[1]")


def test_a_data_type_checks_what_is_read(make):
    with pytest.raises(ValidationFailed) as caught:
        make("json", unmarshal_type="erp.Row").read('{"sku": "a", "price": "x"}')
    assert [one["path"] for one in caught.value.report] == ["price"]


def test_a_data_type_keeps_decimals_exact(make):
    row = make("json", unmarshal_type="erp.Row").read('{"sku": "a", "price": 0.10}')
    assert str(row["price"]) == "0.10"


def test_a_list_of_a_type_is_read_and_written(make):
    rows = make("json", unmarshal_type="erp.Row", use_list=True)
    values = rows.read('[{"sku": "a", "price": 1.5}]')
    assert json.loads(rows.write(values)) == [{"sku": "a", "price": 1.5}]
