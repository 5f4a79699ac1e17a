"""tokenize and xtokenize beyond what the oracle's cases say: streams, chunks, hostile text."""

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.context import RouteContext
from esb.errors import ExpressionFailed, Malformed, OptionError
from esb.exchange import Exchange
from esb.javanames import NullPointerException
from esb.languages import _cutting, _tags, _text
from esb.languages.tokenize import Tokenize, elements
from esb.languages.xtokenize import Namespace, XTokenize

Evaluate = Callable[..., list[str]]


class File:
    """A file as a body."""

    charset = "utf-8"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened: list[BinaryIO] = []

    def open(self) -> BinaryIO:
        reader = self.path.open("rb")
        self.opened.append(reader)
        return reader


def tokens(body: Any, headers: dict[str, Any] | None = None, **options: Any) -> Iterator[str]:
    found: Iterator[str] = Tokenize(**options).compile(RouteContext("test"))(Exchange(body, headers))
    return found


def parts(body: Any, path: str, **options: Any) -> list[str]:
    return list(XTokenize(expression=path, **options).compile(RouteContext("test"))(Exchange(body)))


def test_a_file_is_read_as_its_parts_are_taken_and_then_closed(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"row {number} å\n" for number in range(100_000)), encoding="utf-8")
    body = File(path)
    lines = tokens(body, token="\n")
    assert [next(lines), next(lines)] == ["row 0 å", "row 1 å"]
    [reader] = body.opened
    assert reader.tell() <= _text.CHUNK  # nothing beyond the first piece has been read
    assert sum(1 for _ in lines) == 99_998
    assert reader.closed


@given(
    st.text("ab,\r\n", max_size=40),
    st.sampled_from([",", "ab", "\n", "\\n", "\\r?\\n", "[,a]", "a+", "", "|", "b?"]),
    st.integers(1, 7),
)
def test_parts_do_not_depend_on_how_the_text_arrives(text: str, token: str, size: int) -> None:
    cut = _cutting.cutter(token, trusted=True)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert list(_cutting.parts(pieces, cut)) == list(_cutting.parts([text], cut))


@given(st.text("a\r\n", max_size=20))
def test_the_quick_way_to_lines_agrees_with_the_pattern(text: str) -> None:
    quick = list(_cutting.parts([text], _cutting.cutter("\\r?\\n", trusted=True)))
    slow = list(_cutting.parts([text], _cutting.cutter("(?:\\r?\\n)", trusted=True)))
    assert quick == slow


@given(st.lists(st.text("xyz", max_size=5), max_size=8))
def test_inner_parts_are_kept_and_one_empty_part_at_each_end_dropped(items: list[str]) -> None:
    found = list(_cutting.parts([",".join(items)], _cutting.cutter(",", trusted=True)))
    expected = items or [""]
    if len(expected) > 1:
        expected = expected[(not expected[0]) : len(expected) - (not expected[-1])]
    elif not expected[0]:
        expected = []
    assert found == expected


def test_a_character_cut_in_two_by_a_piece_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(("x" * (_text.CHUNK - 1) + "å\nb").encode())
    assert list(tokens(File(path), token="\n")) == ["x" * (_text.CHUNK - 1) + "å", "b"]


def test_bytes_that_are_not_in_their_charset_are_refused() -> None:
    with pytest.raises(Malformed, match="name its charset"):
        list(tokens(b"a\xff\nb", token="\n"))


def test_nothing_cannot_be_cut() -> None:
    with pytest.raises(NullPointerException):
        tokens(None, token=",")


def test_a_token_from_a_message_is_matched_in_linear_time() -> None:
    assert len(list(tokens("a" * 30_000 + "!", {"t": "(a+)+$"}, token="${header.t}"))) == 1
    with pytest.raises(ExpressionFailed, match="not understood"):
        list(tokens("aab", {"t": r"(a)\1"}, token="${header.t}"))


@pytest.mark.parametrize("group", ["0", "-1", "x", ""])
def test_a_group_is_a_number_of_at_least_one(group: str) -> None:
    if group:
        with pytest.raises(OptionError, match="group is a number"):
            tokens("a", token=",", group=group)
    else:
        assert list(tokens("a,b", token=",", group=group)) == ["a", "b"]


def test_groups_may_be_joined_by_another_sign() -> None:
    assert list(tokens("1,2,3", token=",", group="2", group_delimiter="; ")) == ["1; 2", "3"]
    assert list(tokens("h,1,2,3", {"n": 2}, token=",", group="${header.n}", skip_first=True)) == ["1,2", "3"]


def test_pairs_with_their_tokens() -> None:
    assert list(tokens("x[a]y[b] [c", token="[", end_token="]", include_tokens=True)) == ["[a]", "[b]", "[c]"]


def test_elements_may_hold_elements_of_their_own_name_comments_and_sections() -> None:
    text = "<l><r a='>'><r/></r><!-- <r>no</r> --><![CDATA[<r>]]><r><![CDATA[</r>]]></r></l>"
    assert list(tokens(text, token="r", xml=True)) == ["<r a='>'><r/></r>", "<r><![CDATA[</r>]]></r>"]


@given(st.integers(1, 9))
def test_elements_do_not_depend_on_how_the_text_arrives(size: int) -> None:
    text = '<?xml version="1.0"?><o:l xmlns:o="urn:o"><!-- x --><o:r a=">">1</o:r> text <o:r/><x><o:r>2</o:r></x></o:l>'
    pieces = iter([text[start : start + size] for start in range(0, len(text), size)])
    assert list(elements(pieces, "r", "l")) == [
        '<o:r a=">" xmlns:o="urn:o">1</o:r>',
        '<o:r xmlns:o="urn:o"/>',
        '<o:r xmlns:o="urn:o">2</o:r>',
    ]


@pytest.mark.parametrize("text", ["<a><r>1", "<a><!-- ", "<a><![CDATA[", '<a b="', "<"])
def test_markup_that_never_ends_is_refused_or_gives_nothing(text: str) -> None:
    try:
        assert list(tokens(text, token="r", xml=True)) == []
    except Malformed as error:
        assert "not closed" in str(error)  # noqa: PT017 -- both outcomes are right


@given(st.text("<>ab/!-[]\"'?= ", max_size=60))
def test_scanning_keeps_every_character_or_refuses(text: str) -> None:
    with contextlib.suppress(Malformed):
        assert "".join(piece.raw for piece in _tags.scan([text])) == text


def test_many_tags_that_are_not_closed_cost_no_more_than_their_length() -> None:
    with pytest.raises(Malformed):
        list(_tags.scan(["<a " * 50_000]))


def test_the_encoding_a_document_declares_is_used() -> None:
    document = '<?xml version="1.0" encoding="ISO-8859-1"?><l><r>å</r></l>'.encode("latin-1")
    assert list(tokens(document, token="r", xml=True)) == ["<r>å</r>"]
    assert parts(io.BytesIO(document), "/l/r") == ["<r>å</r>"]


def test_a_path_is_followed_by_namespace_and_not_by_prefix() -> None:
    document = '<a:l xmlns:a="urn:o"><r xmlns="urn:o">1</r><b:r xmlns:b="urn:o">2</b:r><r>3</r></a:l>'
    prefixes = (Namespace(key="p", value="urn:o"),)
    assert parts(document, "/p:l/p:r", mode="t", namespace=prefixes) == ["1", "2"]
    assert parts(document, "//r", mode="t") == ["3"]
    assert parts(document, "//*", mode="t") == ["3"]  # a star is any name, of no namespace
    assert parts(document, "/*:l/*:r", mode="t") == ["1", "2", "3"]


def test_an_attribute_may_hold_what_looks_like_a_namespace_or_a_tags_end() -> None:
    document = """<l xmlns="urn:o"><r a="1"/><r a=' xmlns="urn:x"'/><r a="1>2">3</r></l>"""
    found = parts(document, "//o:r", mode="u", namespace=(Namespace(key="o", value="urn:o"),))
    assert found == ["", "", "3"]
    assert len(list(tokens(document, token="r", inherit_namespace_tag_name="l", xml=True))) == 3


def test_wrapping_forgets_branches_that_are_done() -> None:
    assert parts("<a><b><x/></b><c/><b><x>2</x></b></a>", "//x", mode="w") == [
        "<a><b><x/></b></a>",
        "<a><c/><b><x>2</x></b></a>",
    ]


def test_paths_with_conditions_are_refused() -> None:
    with pytest.raises(OptionError, match="use xpath for conditions"):
        parts("<a/>", "//a[@b]")
