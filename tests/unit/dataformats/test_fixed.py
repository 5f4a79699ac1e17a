import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.errors import ConversionFailed, Malformed, OptionError, UnknownName, ValidationFailed
from tests.unit.dataformats.sources import Made

GOOD = "SKU1  00001.50   7\n"


def test_a_record_is_cut_by_the_widths_of_its_type(make):
    (row,) = make("fixed", unmarshal_type="erp.Row").read(GOOD)
    assert (row["sku"], str(row["price"]), row["stock"]) == ("SKU1", "1.50", 7)


def test_what_is_written_is_read_again(make):
    made = make("fixed", unmarshal_type="erp.Row")
    price, number = st.decimals(0, 9999, places=2), st.integers(0, 9999)
    word = st.text("ABCxyz019-", min_size=1, max_size=6)

    @given(st.lists(st.fixed_dictionaries({"sku": word, "price": price, "stock": number}), max_size=4))
    def check(rows):
        assert made.read(made.write(rows)) == rows

    check()


def test_a_value_that_does_not_fit_is_never_cut(make):
    with pytest.raises(ConversionFailed, match="'sku' does not fit into 6 characters"):
        make("fixed", unmarshal_type="erp.Row").write([{"sku": "TOO-LONG", "price": 1, "stock": 1}])


@pytest.mark.parametrize(("value", "separator"), [("A\nB", "\n"), ("A\rB", "\n"), ("A\nB", "~"), ("A~B", "~")])
def test_a_value_makes_no_record_of_its_own(make, value, separator):
    made = make("fixed", unmarshal_type="erp.Row", record_separator=separator)
    with pytest.raises(ConversionFailed, match="'sku' holds the end of a record"):
        made.write([{"sku": value, "price": 1, "stock": 1}])


def test_blanks_between_records_are_no_ends_within_values(make):
    made = make("fixed", unmarshal_type="erp.Row", record_separator=" ")
    assert made.write([{"sku": "A B", "price": 1, "stock": 1}]) == b"A B   00000001   1 "


def test_a_record_that_is_too_long_is_a_bad_row(make):
    rows = make("fixed", unmarshal_type="erp.Row", bad_rows="mark").read(GOOD + "SKU1  00001.50   7 more\n")
    assert (rows[1]["rejected"]["line"], rows[1]["rejected"]["field"]) == (2, "_surplus")


@pytest.mark.parametrize(("bad_rows", "left"), [("skip", 1), ("mark", 2)])
def test_a_bad_record_is_left_out_or_marked(make, bad_rows, left):
    assert len(make("fixed", unmarshal_type="erp.Row", bad_rows=bad_rows).read(GOOD + "SKU2  cheap      7\n")) == left


def test_a_bad_record_fails_with_its_line(make):
    with pytest.raises(ValidationFailed, match="line 3"):
        make("fixed", unmarshal_type="erp.Row").read(GOOD + "\n" + "SKU2  cheap      7\n")


def test_lines_at_the_beginning_are_read_over(make):
    assert len(make("fixed", unmarshal_type="erp.Row", skip_lines=2).read("title\n-----\n" + GOOD)) == 1


def test_bytes_of_another_encoding_are_refused_with_their_line(make):
    with pytest.raises(Malformed, match="line 2: not text in utf-8"):
        make("fixed", unmarshal_type="erp.Row").read(GOOD.encode() + b"\xe4" * 18)
    assert make("fixed", unmarshal_type="erp.Row", charset="cp1252").read(b"\xe4     00001.50   7\n")[0]["sku"] == "ä"


def test_a_type_without_widths_is_refused_when_the_route_is_loaded(make):
    with pytest.raises(UnknownName):
        make("fixed", unmarshal_type="erp.Nothing")
    with pytest.raises(OptionError, match="have no 'width'"):
        make("fixed", unmarshal_type="java.util.Map")


@pytest.mark.slow
def test_two_hundred_thousand_records_take_the_memory_of_a_few(make):
    source = Made(lambda: (b"S%05d%08.2f%4d\n" % (number % 100_000, number % 900, 7) for number in range(200_000)))
    rows = make("fixed", unmarshal_type="erp.Row", lazy_load=True).read(source)
    next(rows)
    tracemalloc.start()
    try:
        count = 1 + sum(1 for _ in rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (count, peak < 2_000_000) == (200_000, True)
