import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.coerce import NoConversion
from esb.dataformats.csv import Csv
from esb.errors import Malformed, OptionError, ValidationFailed
from esb.exchange import Exchange
from esb.javanames import IllegalArgumentException
from tests.unit.dataformats.sources import Made, refusal

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), max_size=8)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5)
PLAIN = Csv(ignore_empty_lines=False).build(None)


@given(ROWS)
def test_what_is_written_is_read_again(rows):
    assert PLAIN.unmarshal(Exchange(), PLAIN.marshal(Exchange(), rows)) == rows


@given(ROWS)
def test_what_is_written_is_csv_for_others_too(rows):
    told = PLAIN.marshal(Exchange(), rows).decode()
    assert [row or [""] for row in csv.reader(io.StringIO(told, newline=""))] == rows


@given(ROWS, st.sampled_from(";|\t"), st.sampled_from("'\""))
def test_delimiter_and_quote_are_the_routes_affair(rows, delimiter, quote):
    made = Csv(delimiter=delimiter, quote=quote, ignore_empty_lines=False).build(None)
    assert made.unmarshal(Exchange(), made.marshal(Exchange(), rows)) == rows


@given(ROWS)
def test_all_quoted_is_the_same(rows):
    made = Csv(quote_mode="ALL").build(None)
    assert made.unmarshal(Exchange(), made.marshal(Exchange(), rows)) == rows


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_words(text):
    told = refusal(PLAIN, text)
    assert told is None or "line" in told


@pytest.mark.parametrize(
    ("text", "line"), [('a\nb,"c', 2), ('a,"b"x\n', 1), (b"ok\n\xe4,b\n", 2), ("a\n" + "x" * (1 << 20) + "x\n", 2)]
)
def test_a_damaged_row_is_refused_with_its_line(make, text, line):
    with pytest.raises(Malformed, match=f"line {line}"):
        make("csv").read(text)


def test_a_byte_order_mark_is_not_part_of_the_first_name(make):
    assert make("csv", use_maps=True).read(b"\xef\xbb\xbfa,b\n1,2\n") == [{"a": "1", "b": "2"}]


def test_a_nul_is_a_character_like_others(make):
    assert make("csv").read("a\x00,b\n") == [["a\x00", "b"]]


def test_the_encoding_of_the_exchange_holds(make):
    rows = make("csv")
    rows.exchange.properties["CamelCharsetName"] = "iso-8859-1"
    assert rows.read(b"\xe4,b\n") == [["ä", "b"]]
    assert rows.write([["ä"]]) == b"\xe4\r\n"


def test_names_come_from_the_first_line_or_from_the_route(make):
    assert make("csv", use_maps=True).read("a,b\n1,2\n") == [{"a": "1", "b": "2"}]
    assert make("csv", use_maps=True, header=("x", "y")).read("1,2\n") == [{"x": "1", "y": "2"}]


def test_a_missing_name_is_refused_unless_it_is_allowed(make):
    with pytest.raises(IllegalArgumentException, match="header name is missing"):
        make("csv", use_maps=True).read("a,\n1,2\n")
    assert make("csv", use_maps=True, allow_missing_column_names=True).read("a,\n1,2\n") == [{"a": "1", "": "2"}]


def test_captured_names_are_a_header(make):
    rows = make("csv", capture_header_record=True, use_maps=True)
    assert rows.read("a,b\n1,2\n") == [{"a": "1", "b": "2"}]
    assert rows.headers == {"CamelCsvHeaderRecord": ["a", "b"]}


def test_escaped_letters_mean_what_they_mean_in_java(make):
    assert make("csv", escape="\\").read('a\\,b,"c\\"d",e\\nf\n') == [["a,b", 'c"d', "e\nf"]]


def test_blanks_within_quotes_stay_when_those_around_go(make):
    assert make("csv", ignore_surrounding_spaces=True).read(' a , " b " ,c\n') == [["a", " b ", "c"]]


def test_comments_nulls_and_trailing_delimiters_are_read_over(make):
    made = make("csv", comment_marker="#", null_string="N/A", trailing_delimiter=True, trim=True)
    assert made.read("#note\n a ,N/A,\n") == [["a", None]]


def test_a_value_that_a_spreadsheet_would_run_is_made_harmless_on_demand(make):
    assert make("csv", spreadsheet_safe=True).write([["=1+1", "-2", 3, -4]]) == b"'=1+1,'-2,3,-4\r\n"


@pytest.mark.parametrize("body", ["text", 5, ["plain"], [5], b"x"])
def test_what_has_no_rows_cannot_be_written(make, body):
    with pytest.raises(NoConversion):
        make("csv").write(body)


@pytest.mark.parametrize("options", [{"delimiter": "ab"}, {"quote": "''"}, {"escape": "--"}])
def test_separators_are_one_character(make, options):
    with pytest.raises(OptionError, match="one character"):
        make("csv", **options)


# -- rows held against a type ----------------------------------------------------------------------------------------------------

GOOD_AND_BAD = 'sku,price,stock\na,1.50,1\nb,cheap,2\nc,"2\n",x\nd,3,4,5\n'


def test_a_bad_row_fails_with_its_line(make):
    with pytest.raises(ValidationFailed, match=r"line 3 is not a valid erp\.Row: price") as caught:
        make("csv", unmarshal_type="erp.Row").read(GOOD_AND_BAD)
    assert caught.value.report[0]["line"] == 3


def test_bad_rows_are_left_out_on_demand(make):
    rows = make("csv", unmarshal_type="erp.Row", bad_rows="skip").read(GOOD_AND_BAD)
    assert [row["sku"] for row in rows] == ["a"]


def test_bad_rows_are_marked_on_demand(make):
    rows = make("csv", unmarshal_type="erp.Row", bad_rows="mark").read(GOOD_AND_BAD)
    told = [(row["rejected"]["line"], row["rejected"]["field"]) for row in rows if "rejected" in row]
    assert [row.get("sku") for row in rows] == ["a", None, None, None]
    assert told[0] == (3, "price")
    assert told[1][0] == 5  # the line on which the row of two lines ends
    assert told[2] == (6, "_surplus")
    assert rows[1]["rejected"]["raw"] == {"sku": "b", "price": "cheap", "stock": "2"}


@pytest.mark.parametrize("unknown", ["raise", "exclude"])
@pytest.mark.parametrize(("row", "reason"), [("A,10,00,5", "There is more"), ("A,10.00", "The row has 2 values")])
def test_a_row_of_another_width_is_bad_whatever_the_type_does_with_unknown_fields(make, context, unknown, row, reason):
    types = context.service("datatypes")
    types.type("erp.Row").schema.unknown = unknown
    [told] = make("csv", unmarshal_type="erp.Row", bad_rows="mark").read(f"sku,price,stock\n{row}\n")
    assert reason in told["rejected"]["reason"]


def test_a_header_that_names_a_column_twice_is_refused_where_a_type_is_named(make):
    with pytest.raises(Malformed, match="'price' twice"):
        make("csv", unmarshal_type="erp.Row").read("sku,price,price\nA,10.00,99.00\n")


def test_a_comment_is_one_at_the_begin_of_a_record_only(make):
    read = make("csv", comment_marker="#").read
    assert read('# no\n1,"see\n# 2 rooms\nend"\n# no\n2,x\n') == [["1", "see\n# 2 rooms\nend"], ["2", "x"]]


@given(st.lists(st.lists(st.text(st.sampled_from('\\nrt",\n x'), max_size=6), min_size=1, max_size=3), max_size=3))
def test_with_an_escape_what_is_written_is_read_again(rows):
    made = Csv(escape="\\", ignore_empty_lines=False).build(None)
    assert made.unmarshal(Exchange(), made.marshal(Exchange(), rows)) == rows


def test_a_quote_that_is_the_escape_is_doubled_once(make):
    assert make("csv", escape='"').write([["a\\b", 'q"x']]) == b'a\\b,"q""x"\r\n'


def test_rows_of_a_type_are_written_with_their_names(make):
    made = make("csv", unmarshal_type="erp.Row")
    rows = made.read("sku,price,stock\na,1.50,1\n")
    assert made.write(rows) == b"sku,price,stock\r\na,1.50,1\r\n"


def test_a_lazy_format_reads_only_as_far_as_the_route_has_taken(make):
    source = Made(lambda: (b"%d,x\n" % number for number in range(1_000_000)))
    rows = make("csv", lazy_load=True).read(source)
    assert [next(rows) for _ in range(10)] == [[str(number), "x"] for number in range(10)]
    assert source.opened.read_so_far < 100_000


@pytest.mark.slow
def test_two_hundred_thousand_rows_take_the_memory_of_a_few(make):
    def chunks():
        yield b"sku,price,stock\n"
        for number in range(200_000):
            yield b"S%05d,%d.50,7\n" % (number % 100_000, number % 900)

    rows = make("csv", unmarshal_type="erp.Row", lazy_load=True, bad_rows="mark").read(Made(chunks))
    next(rows)
    tracemalloc.start()
    try:
        count = 1 + sum(1 for row in rows if "sku" in row)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 200_000
    assert peak < 2_000_000
