import datetime as dt
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from esb.dataformats.yaml import Yaml
from esb.errors import ConversionFailed, Malformed, ValidationFailed
from esb.exchange import Exchange
from tests.unit.dataformats.sources import refusal

PLAIN = Yaml().build(None)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | TEXTS
    | st.sampled_from(
        ["yes", "012", "1e3", "1:30", "2020-01-02", "~", "null", "<<", "=", "- a", "a: b", "#", "line\nbreak ", " "]
    )
    | st.dates()
    | st.binary(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=15,
)


@given(VALUES, st.booleans())
def test_what_is_written_is_read_again(value, pretty):
    made = Yaml(pretty_flow=pretty).build(None)
    assert made.unmarshal(Exchange(), made.marshal(Exchange(), value)) == value


@given(VALUES)
def test_what_is_written_is_yaml_for_others_too(value):
    assert yaml.compose(PLAIN.marshal(Exchange(), value)) is not None


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_in_words(text):
    told = refusal(PLAIN, text)
    assert told is None or "YAML" in told


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes\nb: No\nc: TRUE\nd: y\n", {"a": True, "b": False, "c": True, "d": "y"}),
        ("a: 012\nb: 0o14\nc: 0x1F\nd: 0b11\ne: 1_000\nf: 190:20:30\ng: -5\n",
         {"a": 10, "b": "0o14", "c": 31, "d": 3, "e": 1000, "f": 685230, "g": -5}),
        ("a: 1e3\nb: 1.5\nc: .inf\nd: 1_0.5\ne: 1:30.5\n", {"a": 1000.0, "b": 1.5, "c": math.inf, "d": 10.5, "e": 90.5}),
        ("a: ~\nb:\nc: Null\nd: ''\n", {"a": None, "b": None, "c": None, "d": ""}),
        ("a: !!str 5\nb: !!int '5'\nc: !!binary aGVsbG8=\n", {"a": "5", "b": 5, "c": b"hello"}),
        ("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\nf: {<<: [*x, {b: 2, g: 3}]}\n",
         {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}, "f": {"b": 1, "g": 3}}),
        ("a: !!set {x, y}\nb: !!omap [x: 1, y: 2]\n", {"a": ["x", "y"], "b": {"x": 1, "y": 2}}),
        ("1: a\ntrue: b\n[1, 2]: c\n", {"1": "a", "true": "b", "[1, 2]": "c"}),
        ("- |\n  a\n  b\n- >\n  a\n  b\n", ["a\nb\n", "a b\n"]),
        ("", None),
        ("# nothing\n", None),
        ("\ufeffa: 1\n", {"a": 1}),
        (b"a: \xc3\xa4\n", {"a": "ä"}),
    ],
)  # fmt: skip
def test_words_mean_what_snakeyaml_takes_them_for(make, text, value):
    assert make("yaml").read(text) == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("2020-01-02", dt.date(2020, 1, 2)),
        ("2020-01-02T03:04:05Z", dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        ("2020-1-2 3:04:05.5", dt.datetime(2020, 1, 2, 3, 4, 5, 500_000, tzinfo=dt.UTC)),
        ("2020-01-02t03:04:05 +01:30", dt.datetime(2020, 1, 2, 1, 34, 5, tzinfo=dt.UTC)),
    ],
)
def test_dates_are_dates(make, word, value):
    assert make("yaml").read(f"a: {word}\n")["a"] == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [1\n", "line 2, column 1"),
        ("a: 1\n b: 2\n", "line 2"),
        ("a: 1\n---\nb: 2\n", "a second YAML document"),
        ("a: 1\na: 2\n", "'a' stands twice in one map, line 2"),
        ("1: a\n'1': b\n", "stands twice"),
        ("a: *x\n", "stands for nothing yet"),
        ("!!python/object/apply:os.system [id]\n", "'!!python/object/apply:os.system' is not accepted"),
        ("!!java.util.Date 2020-01-01\n", "tags make no objects"),
        ("a: !own x\n", "'!own' is not accepted"),
        ("a: !!float x\n", "not YAML"),
        ("a: 2020-13-45\n", "not YAML"),
        ("a: !!binary '***'\n", "not YAML"),
        ("a: {<<: 5}\n", "takes a map"),
        ("a: \x01\n", "not YAML"),
        (b"\xff", "not UTF-8"),
        ("[" * 1000, "nested deeper"),
        ("- " * 1000 + "x", "nested deeper"),
        ("a: " + "1" * 5000, "thousands of digits"),
    ],
)
def test_what_is_not_sound_is_refused_in_words(make, text, told):
    with pytest.raises(Malformed, match=told.replace("*", r"\*")):
        make("yaml").read(text)


def test_aliases_of_collections_are_bounded(make):
    text = "a: &a [1]\nb: [*a, *a, *a]\n"
    assert make("yaml", max_aliases_for_collections=3).read(text)["b"] == [[1], [1], [1]]
    with pytest.raises(Malformed, match="more than 2 aliases"):
        make("yaml", max_aliases_for_collections=2).read(text)


def test_a_billion_laughs_are_refused(make):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(Malformed, match="more than 1000000 nodes"):
        make("yaml", max_aliases_for_collections=1000).read("\n".join(lines))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "b": ["x", True, None], "c": {"d": "text: with colon"}}, "a: 1\nb: [x, true, null]\nc: {d: 'text: with colon'}\n"),
        ([[1, 2], [3]], "- [1, 2]\n- [3]\n"),
        ("text", "text\n"),
        (None, "null\n"),
        ({}, "{}\n"),
        ([1e20, 1.0, -0.0], "[1.0E20, 1.0, -0.0]\n"),
        (["yes", "12", "1e3", "", "@x", "y", "0o7"], "['yes', '12', '1e3', '', '@x', y, 0o7]\n"),
        ({"a": "l1\nl2\n"}, "a: |\n  l1\n  l2\n"),
        ({"a": "x\x01y"}, "a: !!binary |-\n  eAF5\n"),
        ({"": 1}, "{? '' : 1}\n"),
    ],
)  # fmt: skip
def test_values_are_written_in_the_form_of_snakeyaml(make, value, text):
    assert make("yaml").write(value).decode() == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1, 2], "[\n  1,\n  2\n]\n"),
        ({"a": {"b": [1, {"c": 2}], "d": {}}}, "a:\n  b:\n  - 1\n  - {\n    c: 2\n  }\n  d: {\n    }\n"),
    ],
)
def test_short_collections_take_lines_of_their_own_on_demand(make, value, text):
    assert make("yaml", pretty_flow=True).write(value).decode() == text


def test_what_yaml_has_no_form_for_is_refused(make):
    endless = []
    endless.append(endless)
    for value in (object(), {"a": object()}, endless):
        with pytest.raises(ConversionFailed):
            make("yaml").write(value)


def test_a_data_type_checks_what_is_read(make):
    rows = make("yaml", unmarshal_type="erp.Row")
    assert str(rows.read("sku: '1'\nprice: '0.10'\n")["price"]) == "0.10"
    with pytest.raises(ValidationFailed):
        rows.read("sku: a\nprice: cheap\n")
    assert rows.read(rows.write(rows.read("sku: a\nprice: '1.5'\n")))["sku"] == "a"


@pytest.mark.parametrize(
    ("word", "price"),
    [
        ("12345678901234567.89", "12345678901234567.89"),
        ("0.10", "0.10"),
        ("1_000.5", "1000.5"),
        ("-1.5e+3", "-1.5E+3"),
        ("1:30.5", "90.5"),
    ],
)
def test_a_data_type_gets_numbers_with_all_their_digits(make, word, price):
    assert str(make("yaml", unmarshal_type="erp.Row").read(f"sku: a\nprice: {word}\n")["price"]) == price


@pytest.mark.parametrize("word", ["1.0e+200000", "!!float 1e200000", "!!float sNaN"])
def test_a_number_that_few_characters_make_huge_is_refused(make, word):
    with pytest.raises(Malformed, match="line 2"):
        make("yaml", unmarshal_type="erp.Row").read(f"sku: a\nstock: {word}\nprice: 1\n")


def test_a_number_is_the_same_key_with_a_data_type_and_without(make):
    for made in (make("yaml"), make("yaml", unmarshal_type="erp.Any")):
        assert made.read("held: {1.50: a}\n") == {"held": {"1.5": "a"}}
