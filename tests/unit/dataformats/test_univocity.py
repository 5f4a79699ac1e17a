"""univocityCsv, univocityTsv, univocityFixed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.coerce import NoConversion
from esb.dataformats._univocity import UnivocityHeader
from esb.dataformats.univocity_csv import UnivocityCsv
from esb.dataformats.univocity_tsv import UnivocityTsv
from esb.errors import ConversionFailed, Malformed, OptionError
from esb.exchange import Exchange
from tests.unit.dataformats.sources import Made

WORDS = st.text(st.characters(min_codepoint=33, exclude_categories=["Cs", "Z", "Cc"]), min_size=1, max_size=6)
INNER = st.builds("{}{}{}".format, WORDS, st.sampled_from([" ", ",", '"', "\n", "\t", "\\", ""]), WORDS)
ROWS = st.lists(st.fixed_dictionaries({"a": INNER | st.none(), "b": INNER}), min_size=1, max_size=4)
HEADER = tuple(UnivocityHeader(column=name) for name in ("a", "b"))


@pytest.mark.parametrize(
    "made",
    [
        UnivocityCsv(univocity_header=HEADER, as_map=True, comment=None),
        UnivocityTsv(univocity_header=HEADER, as_map=True, comment=None),
    ],
)
@given(rows=ROWS)
def test_what_is_written_is_read_again(made, rows):
    form = made.build(None)
    assert form.unmarshal(Exchange(), form.marshal(Exchange(), rows)) == rows


@pytest.mark.parametrize("spec", [UnivocityCsv, UnivocityTsv])
@given(text=st.text(max_size=40))
def test_any_text_gives_rows(spec, text):
    assert isinstance(spec().build(None).unmarshal(Exchange(), text), list)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a, b ,c\r\n1," 2 ",\n', [["a", "b", "c"], ["1", " 2 ", None]]),
        ('"x""y",\'z\'\n', [['x"y', "'z'"]]),
        ("#c\n\n1,2\n\n", [["1", "2"]]),
        ('1,"a\nb"\n', [["1", "a\nb"]]),
        ('a,"b"x,c\n', [["a", '"b"x', "c"]]),
        ('a,"b\n', [["a", "b\n"]]),
        (",\n", [[None, None]]),
        ('a,"",c', [["a", None, "c"]]),
        ("", []),
    ],
)
def test_rows_are_cut_as_univocity_cuts_them(make, text, rows):
    assert make("univocityCsv").read(text) == rows


def test_what_stands_for_nothing_and_for_empty_is_the_routes_affair(make):
    made = make("univocityCsv", null_value="N", empty_value="E", number_of_records_to_read=1)
    assert made.read('1,,""\n2,3\n') == [["1", "N", "E"]]
    assert made.write([{"a": None, "b": "", "c": 1}]) == b"N,E,1\n"


def test_names_come_from_the_first_row_or_from_the_route(make):
    assert make("univocityCsv", as_map=True, header_extraction_enabled=True).read("a,b\n1\n2,3,4\n") == [
        {"a": "1"},
        {"a": "2", "b": "3"},
    ]
    assert make("univocityCsv", as_map=True, univocity_header=HEADER).read("1,2\n") == [{"a": "1", "b": "2"}]


def test_a_line_end_of_ones_own_is_normalised_within_values(make):
    made = make("univocityCsv", line_separator="\r\n", normalized_line_separator="|")
    assert made.read('a,"b\r\nc"\r\nd,e\r\n') == [["a", "b|c"], ["d", "e"]]
    assert make("univocityCsv", line_separator="|").read("a,b|c,d|") == [["a", "b"], ["c", "d"]]


def test_columns_do_not_depend_on_the_messages_before(make):
    made = make("univocityCsv")
    made.write([{"a": 1, "b": 2}])
    assert made.write([{"z": 1}]) == b"1\n"


def test_columns_grow_with_the_rows_of_one_message(make):
    assert make("univocityCsv").write([{"a": 1}, {"b": 2}]) == b"1\n,2\n"


@pytest.mark.parametrize("name", ["univocityCsv", "univocityTsv"])
@pytest.mark.parametrize("body", ["text", None, 5, [[1]], [None]])
def test_rows_are_written_from_maps_only_as_in_camel(make, name, body):
    with pytest.raises(NoConversion, match="a row is a map"):
        make(name).write(body)


def test_all_values_are_quoted_on_demand(make):
    assert make("univocityCsv", quote_all_fields=True).write({"a": 'say "hi"', "b": None}) == b'"say ""hi""",""\n'


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\\tb\tc\\nd\te\\\\f\n", [["a\tb", "c\nd", "e\\f"]]),
        ("  x \t y \n", [["x", "y"]]),
        ("a\\", [["a"]]),
        ("a\\xb", [["a\\xb"]]),
    ],
)
def test_tabs_and_line_ends_are_escaped(make, text, rows):
    assert make("univocityTsv").read(text) == rows


FIXED = (UnivocityHeader(column="a", length=3), UnivocityHeader(column="b", length=5))


def test_records_follow_each_other_whatever_the_lines(make):
    made = make("univocityFixed", univocity_header=FIXED)
    assert made.read("abc12345\nde 6\n") == [["abc", "12345"], ["de", "6"]]
    assert made.read("abc12345xyz\nq\n") == [["abc", "12345"], ["xyz", "q"]]


def test_a_line_is_a_record_on_demand(make):
    made = make("univocityFixed", univocity_header=FIXED, record_ends_on_newline=True, as_map=True)
    assert made.read("ab\nabc12345\n") == [{"a": "ab"}, {"a": "abc", "b": "12345"}]
    with pytest.raises(Malformed, match="11 characters instead of 8"):
        made.read("abc12345xyz\n")
    skipping = make("univocityFixed", univocity_header=FIXED, skip_trailing_chars_until_newline=True)
    assert skipping.read("abc12345xyz\nq\n") == [["abc", "12345"], ["q"]]


def test_values_are_padded_and_never_cut(make):
    made = make("univocityFixed", univocity_header=FIXED, padding="_")
    assert made.write([{"a": "x", "b": 1}, {"a": None, "b": "12345"}]) == b"x__1____\n___12345\n"
    assert made.read("x__1____\n") == [["x", "1"]]
    with pytest.raises(ConversionFailed, match="'a' does not fit into 3 characters"):
        made.write({"a": "toolong"})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("univocityFixed", {}),
        ("univocityFixed", {"univocity_header": HEADER}),
        ("univocityFixed", {"univocity_header": FIXED, "padding": "xx"}),
        ("univocityCsv", {"quote": "''"}),
        ("univocityCsv", {"delimiter": "ab"}),
        ("univocityTsv", {"escape_char": "ab"}),
    ],
)
def test_options_that_cannot_be_meant_are_refused_at_load(make, name, options):
    with pytest.raises(OptionError):
        make(name, **options)


def test_bytes_of_another_encoding_are_refused_with_their_line(make):
    with pytest.raises(Malformed, match="line 2: not text in utf-8"):
        make("univocityCsv").read(b"a\n\xe4\n")


def test_an_unclosed_quote_does_not_gather_a_whole_file(make):
    source = Made(lambda: (b'"' if number == 0 else b"x" * 99 + b"\n" for number in range(100_000)))
    with pytest.raises(Malformed, match="a quote is not closed"):
        make("univocityCsv").read(source)


def test_a_lazy_format_reads_only_as_far_as_the_route_has_taken(make):
    source = Made(lambda: (b"%d,x\n" % number for number in range(1_000_000)))
    rows = make("univocityCsv", lazy_load=True).read(source)
    assert next(rows) == ["0", "x"]
    assert source.opened.read_so_far < 100_000


def test_a_text_without_line_ends_takes_time_by_its_length_only(make):
    made = make("univocityFixed", univocity_header=FIXED)
    began = time.process_time()
    assert len(made.read("abc12345" * 250_000)) == 250_000
    assert time.process_time() - began < 4.0  # cut off anew for each record it was 10 s and more


def test_records_are_cut_the_same_whether_they_come_at_once_or_by_line(make):
    made = make("univocityFixed", univocity_header=FIXED)
    assert made.read("abc12345xyz67890q\n") == [["abc", "12345"], ["xyz", "67890"], ["q"]]


@pytest.mark.parametrize("value", ["1\n2", "1\r2", "1~2"])
def test_a_value_of_fixed_width_makes_no_record_of_its_own(make, value):
    made = make("univocityFixed", univocity_header=FIXED, line_separator="~")
    with pytest.raises(ConversionFailed, match="'b' holds the end of a record"):
        made.write({"a": "x", "b": value})
