"""The reader: YAML to nodes, within bounds, with findings that say where and what to do."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode, to_python
from esb.dsl.reader import MAX_BYTES, read, read_all
from esb.errors import Position, RouteSyntaxError


def finding(text: str | bytes) -> RouteSyntaxError:
    with pytest.raises(RouteSyntaxError) as caught:
        read(text, "r.yaml")
    return caught.value


def test_every_node_knows_its_line_and_column() -> None:
    document = read("- from:\n    uri: direct:a\n    steps:\n      - to: mock:b\n", "r.yaml")
    assert isinstance(document, ListNode)
    route = document.items[0]
    assert isinstance(route, MapNode)
    body = route.get("from")
    assert isinstance(body, MapNode)
    assert body.at == Position("r.yaml", 2, 5)
    uri = body.get("uri")
    key = body.key("uri")
    assert uri is not None
    assert key is not None
    assert (str(key.at), str(uri.at)) == ("r.yaml:2:5", "r.yaml:2:10")


def test_scalars_keep_their_text_and_their_quoting() -> None:
    assert read("1.50") == ScalarNode("1.50", Position("", 1, 1))
    assert read("'1.50'") == ScalarNode("1.50", Position("", 1, 1), "'")
    quoted, plain = read("'1'"), read("1")
    assert isinstance(quoted, ScalarNode)
    assert isinstance(plain, ScalarNode)
    assert quoted.quoted
    assert not plain.quoted


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("yes", "yes"),
        ("on", "on"),
        ("No", "No"),
        ("1:30", "1:30"),
        ("012", "012"),
        ("1_000", "1_000"),
        ("2024-01-02", "2024-01-02"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("+", "+"),
        (".", "."),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_only_the_core_schema_is_not_text(text: str, value: object) -> None:
    assert to_python(ScalarNode(text)) == value
    assert type(to_python(ScalarNode(text))) is type(value)


def test_quoted_and_block_scalars_and_str_tags_are_text() -> None:
    assert to_python(read("a: '12'\nb: \"true\"\nc: |\n  12\nd: !!str 12\ne: ! 12\n")) == {
        "a": "12",
        "b": "true",
        "c": "12\n",
        "d": "12",
        "e": "12",
    }


def test_maps_keep_the_order_of_their_keys() -> None:
    assert list(to_python(read("b: 1\na: 2\nc: 3"))) == ["b", "a", "c"]


def test_an_alias_is_the_node_of_its_anchor() -> None:
    assert to_python(read("a: &x {k: [1]}\nb: *x\n")) == {"a": {"k": [1]}, "b": {"k": [1]}}


def test_several_documents_are_read_by_read_all_only() -> None:
    assert [to_python(each) for each in read_all("a: 1\n---\nb: 2\n")] == [{"a": 1}, {"b": 2}]
    assert "second document" in str(finding("a: 1\n---\nb: 2\n"))


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n"])
def test_an_empty_document_is_refused_with_its_place(text: str) -> None:
    assert str(finding(text)) == "r.yaml:1:1 [ESB-R001] the document is empty"
    assert read_all(text) == ()


def test_a_file_is_read_under_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "orders.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: \xc3\xa6\n")
    document = read(path)
    assert to_python(document) == {"a": "æ"}
    assert document.at.file == str(path)


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("a:\n\tb: 1\n", (2, 1), "indent with blanks"),
        ("uri: {{target}}\n", (1, 6), 'put it in quotes: "{{...}}"'),
        ("- to: {{target}}/x\n", (1, 7), 'put it in quotes: "{{...}}"'),
        ("- {to: {{target}}}\n", (1, 8), 'put it in quotes: "{{...}}"'),
        ("- log: hello: world\n", (1, 13), "a text that holds ': ' must stand in quotes"),
        ("- log: @x\n", (1, 8), "must not begin with @"),
        ("- log: `x\n", (1, 8), "must not begin with `"),
        ("- log: %x\n", (1, 8), "must not begin with %"),
        ("- from:\n    uri:direct:a\n    steps: []\n", (3, 10), "'uri: direct:a'"),
        ("a: 'x\nb: y\n", (1, 4), "closing quote is missing"),
        ("a: 'x' y\n", (1, 8), "text follows a closing quote"),
        ("a: [1, 2\nb: 3\n", (2, 2), "opens in line 1"),
        ("a:\n  b: 1\n c: 2\n", (3, 2), "begin at the same column"),
        ('a: "\\d"\n', (1, 5), "single quotes"),
        ("a: *nope\n", (1, 4), "begins with *"),
        ("a: 1\nb: 2\na: 3\n", (3, 1), "first in line 1 and again in line 3"),
        ("a: {x: 1, x: 2}\n", (1, 11), "given twice"),
        ("<<: {a: 1}\n", (1, 1), "merge key"),
        ("? [a]\n: b\n", (1, 3), "cannot be a key"),
        ("a: !!python/object/apply:os.system ['true']\n", (1, 4), "tag !!python/object/apply:os.system is not allowed"),
        ("a: !!binary aGk=\n", (1, 4), "tag !!binary is not allowed"),
        ("a: !mine x\n", (1, 4), "tag !mine is not allowed"),
        ("a: x\x01\n", (1, 5), "U+0001"),
        ("a: &x [*x]\n", (1, 8), "no anchor"),
    ],
)
def test_a_slip_is_told_with_its_place_and_its_cure(text: str, place: tuple[int, int], word: str) -> None:
    error = finding(text)
    assert (error.at.line, error.at.column) == place
    assert word in str(error)


def test_bytes_that_are_not_utf8_are_refused_at_their_place() -> None:
    error = finding(b"a: 1\nb: \xff\n")
    assert (error.at.line, error.at.column) == (2, 4)
    assert "not UTF-8" in str(error)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_and_not_a_crash(opening: str) -> None:
    assert "nested deeper than 200 levels" in str(finding(opening * 100_000))


def test_depth_through_aliases_is_counted() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 300)]
    assert "nested deeper" in str(finding("\n".join(lines)))


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [" + ",".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 12)]
    assert "more than 1000000 nodes" in str(finding("\n".join(lines)))


def test_a_document_beyond_the_size_is_refused() -> None:
    assert "larger than" in str(finding("x" * (MAX_BYTES + 1)))


def test_nodes_tell_themselves_in_messages() -> None:
    assert str(read("a: 1\nb: 2")) == "a map with a, b"
    assert str(read("[1, 2]")) == "a list of 2"
    assert str(read("{}")) == "an empty map"
    assert str(ScalarNode("direct:a")) == "'direct:a'"
    assert str(ScalarNode("")) == "nothing"


def test_a_map_can_be_had_without_some_keys() -> None:
    document = read("a: 1\nb: 2\nc: 3")
    assert isinstance(document, MapNode)
    assert document.without("a", "c").keys() == ["b"]
    assert "a" in document
    assert len(document) == 3


plain_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.text(alphabet=st.characters(exclude_categories=["C"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@given(plain_data)
def test_what_yaml_writes_is_read_as_it_was(data: object) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    assert to_python(read(text)) == data


@given(st.text(alphabet="ab:-[]{}\"'|>&*!#%@ ,\n\t?", max_size=60))
def test_any_text_gives_nodes_or_a_finding(text: str) -> None:
    try:
        documents = read_all(text, "any.yaml")
    except RouteSyntaxError as error:
        assert error.at.file == "any.yaml"  # noqa: PT017 -- both outcomes are right, only this one has a place
        return
    assert all(isinstance(each, Node) for each in documents)
