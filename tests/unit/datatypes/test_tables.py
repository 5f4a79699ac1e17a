import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.datatypes.paths import MISSING
from esb.datatypes.table_files import Tables
from esb.datatypes.tables import KEEP, CodeTable, Range
from esb.errors import ConfigError, ProjectError, UnknownName
from tests.unit.datatypes.project import read_document, schema_folder


def tables(tmp_path: Path, files: dict[str, str]) -> Tables:
    return Tables([schema_folder(tmp_path, {f"tables/{name}": text for name, text in files.items()})], read_document)


def one(tmp_path: Path, text: str, more: dict[str, str] | None = None) -> CodeTable:
    return tables(tmp_path, {"t.yaml": text, **(more or {})}).table("t")


def test_entries_are_a_table_of_key_and_value(tmp_path: Path) -> None:
    find = one(tmp_path, "entries: {DE: DEU, FR: FRA}").look_up()
    assert find("DE") == "DEU"
    assert find("XX") is MISSING


def test_a_csv_has_its_columns_in_the_first_row(tmp_path: Path) -> None:
    found = tables(
        tmp_path, {"c.csv": '\ufeffiso2,iso3,name\nDE,DEU,"Germany, Federal Republic"\n\nFR,FRA,France\n'}
    ).table("c")
    assert found.columns == ("iso2", "iso3", "name")
    assert found.look_up(["iso3"], "name")("DEU") == "Germany, Federal Republic"


def test_a_csv_with_semicolons_is_read(tmp_path: Path) -> None:
    assert tables(tmp_path, {"c.csv": "a;b\n1;x\n"}).table("c").look_up()("1") == "x"


def test_a_yaml_may_declare_a_csv_beside_it(tmp_path: Path) -> None:
    text = "file: t.csv\ndelimiter: '|'\nkey: [a, b]\nvalue: c\ncase: ignore"
    find = one(tmp_path, text, {"t.csv": "a|b|c\nX|Y|1\n"}).look_up()
    assert find(["x", "y "]) == "1"


def test_rows_may_be_maps(tmp_path: Path) -> None:
    assert one(tmp_path, "rows: [{a: 1, b: x}, {a: 2, b: y}]").look_up()("2") == "y"


@pytest.mark.parametrize("key", [1, "1", Decimal(1)])
def test_keys_are_compared_as_texts(tmp_path: Path, key: Any) -> None:
    assert one(tmp_path, "rows: [{a: 1, b: x}]").look_up()(key) == "x"


@pytest.mark.parametrize("key", [None, True, [1], {"a": 1}])
def test_what_is_no_key_is_missing(tmp_path: Path, key: Any) -> None:
    find = one(tmp_path, "rows: [{a: 1, b: x}, {a: 'True', b: y}]").look_up()
    if isinstance(key, list | dict):
        with pytest.raises(TypeError):
            find(key)
    else:
        assert find(key) is MISSING


def test_a_key_that_is_not_unique_is_refused_with_both_lines(tmp_path: Path) -> None:
    found = tables(tmp_path, {"c.csv": "a,b\n1,x\n2,x\n3,y\n"}).table("c")
    assert found.look_up()("2") == "x"
    with pytest.raises(ConfigError, match=r"b = 'x' stands in lines 2 and 3 with two values of a"):
        found.look_up(["b"], "a")
    assert found.look_up(["b"], "a", first=True)("x") == "1"


@pytest.mark.parametrize(
    ("policy", "value"), [("error", MISSING), ("'null'", None), ("null", None), ("keep", KEEP), ("{default: X}", "X")]
)
def test_a_policy_for_missing_keys_is_read(tmp_path: Path, policy: str, value: Any) -> None:
    assert one(tmp_path, f"entries: {{a: b}}\nmissing: {policy}").missing == value


RANGES = "columns: [low, high, v]\nrows: [[1, 10, a], [11, 20, b], ['', 0, neg], [30, '', big]]\nrange: {low: low, high: high}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (-5, "neg"),
        (0, "neg"),
        (0.5, MISSING),
        (1, "a"),
        ("10", "a"),
        (Decimal("10.5"), MISSING),
        (11, "b"),
        (25, MISSING),
        (10**9, "big"),
        ("x", MISSING),
        (None, MISSING),
        (True, MISSING),
        ("nan", MISSING),
    ],
)
def test_a_key_falls_into_a_range(tmp_path: Path, key: Any, value: Any) -> None:
    assert one(tmp_path, RANGES).look_up()(key) == value


def test_ranges_of_dates_and_exclusive_ends(tmp_path: Path) -> None:
    text = (
        "columns: [kind, low, high, v]\nkey: kind\nvalue: v\n"
        "rows: [[x, '2024-01-01', '2025-01-01', a], [x, '2025-01-01', '', b]]\n"
        "range: {low: low, high: high, kind: date, ends: exclusive}"
    )
    find = one(tmp_path, text).look_up()
    assert [find(["x", day]) for day in ("2023-12-31", dt.date(2024, 12, 31), "2025-01-01", "2999-01-01")] == [
        MISSING,
        "a",
        "b",
        "b",
    ]
    assert find(["y", "2024-05-05"]) is MISSING


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "either 'entries', 'rows' or 'file'"),
        ("entries: {a: b}\nky: a", "did you mean 'key'"),
        ("entries: [a]", "must be a map"),
        ("rows: [[a, b]]", "need 'columns'"),
        ("columns: [a, b]\nrows: [[1]]", "a row needs 2 values"),
        ("columns: [a]\nrows: [[1]]", "two or more columns"),
        ("columns: [a, b]\nrows: []\nkey: c", "unknown column of the table 't' 'c'"),
        ("file: no.csv", "cannot be read"),
        (
            "columns: [a, b, c]\nrows: [[1, 5, x], [5, 9, y]]\nrange: {low: a, high: b}",
            "lines 2 and 2 overlap; 'ends: exclusive'",
        ),
        ("columns: [a, b, c]\nrows: [[1, x, x]]\nrange: {low: a, high: b}", "no end of a range"),
        ("columns: [a, b, c]\nrows: []\nrange: {low: a, high: b, kind: float}", "unknown kind of range"),
        ("entries: {a: b}\nmissing: ignore", "'missing' must be"),
    ],
)
def test_a_wrong_table_is_explained(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        one(tmp_path, text).look_up()
    assert message in str(caught.value)


def test_a_row_of_another_length_is_reported_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"c\.csv:3:1 .*the row has 1 values, the header 2"):
        tables(tmp_path, {"c.csv": "a,b\n1,2\n3\n"}).table("c")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    found = tables(tmp_path, {"c.csv": ""})
    (found.roots[0] / "tables/c.csv").write_bytes(b"a,b\n\xe4,1\n")
    with pytest.raises(ConfigError, match="no CSV in UTF-8"):
        found.table("c")


def test_an_unknown_table_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'countries'"):
        tables(tmp_path, {"countries.csv": "a,b\n"}).table("contries")


def test_two_files_of_one_name_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="two files provide"):
        tables(tmp_path, {"t.csv": "a,b\n", "t.yaml": "entries: {a: b}"}).table("t")


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 5)), max_size=8), st.integers(-30, 30), st.booleans())
def test_ranges_agree_with_looking_at_every_row(pairs: list[tuple[int, int]], key: int, exclusive: bool) -> None:
    rows, end = [], -(10**6)
    for low, width in sorted(pairs):
        if low > end or (exclusive and low == end and width):
            rows.append((low, low + width + (1 if exclusive else 0), len(rows)))
            end = rows[-1][1]
    table = CodeTable(
        "t", ("a", "b", "v"), tuple(rows), tuple(range(len(rows))), (), "v", range=Range("a", "b", exclusive=exclusive)
    )
    expected = [v for low, high, v in rows if low <= key and (key < high if exclusive else key <= high)]
    assert table.look_up()(key) == (expected[0] if expected else MISSING)
