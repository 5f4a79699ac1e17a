"""JSON paths in Jayway's dialect: what Camel gives for them, the options, and the bounds."""

import json
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.languages._jsonpath import evaluate
from esb.languages._jsonpath.path import (
    InvalidPathException,
    JsonPathException,
    Path,
    PathNotFoundException,
    compile_path,
)

RECORDED = json.loads((File(__file__).parent / "jsonpath_recorded.json").read_text("utf-8"))

DEVIATIONS = {
    "$..*.b": [1, 2, 3],  # Jayway forgets results after '..*'
    "$.neg.max()": -1.0,  # Jayway's greatest negative number is the smallest positive double
    "$.length($.obj)": 3,  # Jayway gives the length of the document
    "$.a.first().b": 1,  # Jayway reads a property named ')'
}
"""Where Jayway's result is an accident and ours is what the path says."""


def same(one: Any, other: Any) -> bool:
    return json.dumps(one) == json.dumps(other)


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: f"{case['path']} {case.get('option', '')}")
def test_a_path_gives_what_camel_gives(case: dict[str, Any]) -> None:
    document = RECORDED["documents"][case["document"]]

    def read() -> Any:
        return compile_path(case["path"]).read(document, {case["option"]} if "option" in case else ())

    if case["path"] in DEVIATIONS:
        assert same(read(), DEVIATIONS[case["path"]])
    elif "raises" in case:
        with pytest.raises(Exception) as caught:  # noqa: PT011 -- the class's name is checked
            read()
        assert type(caught.value).__name__ == case["raises"] or isinstance(caught.value, InvalidPathException)
    else:
        assert same(read(), case["gives"])


@pytest.mark.parametrize(
    "text", ["$.", "$..", "$[", "$$", "$.a b", "$.a[x]", "$.a[0", "", "  ", "$.a[?(", "$.a.nope()"]
)
def test_a_path_that_cannot_be_read_is_refused_when_compiled(text: str) -> None:
    with pytest.raises(InvalidPathException):
        compile_path(text)


def test_a_missing_leaf_tells_the_path_that_leads_nowhere() -> None:
    with pytest.raises(PathNotFoundException, match=r"no results for path: \$\['shop'\]\['nope'\]"):
        compile_path("$.shop.nope").read({"shop": {}})
    with pytest.raises(PathNotFoundException, match=r"missing property in path: \$\['shop'\]\['nope'\]"):
        compile_path("$.shop.nope.deeper").read({"shop": {}})
    with pytest.raises(PathNotFoundException, match="is a list"):
        compile_path("$.nums.x").read({"nums": [1]})


def test_an_index_into_a_text_leads_nowhere() -> None:
    with pytest.raises(PathNotFoundException):
        compile_path("$.t[0]").read({"t": "text"})


def test_reading_changes_nothing() -> None:
    document = {"nums": [1, 2]}
    assert compile_path("$.nums.append(3)").read(document) == [1, 2, 3]
    assert document == {"nums": [1, 2]}


def test_patterns_run_in_linear_time() -> None:
    path = compile_path("$[?(@ =~ /(a+)+b/)]")
    assert path.read(["a" * 50_000 + "c", "aab"]) == ["aab"]


def test_a_pattern_re2_does_not_know_is_refused() -> None:
    with pytest.raises(JsonPathException, match="cannot be used"):
        compile_path("$[?(@ =~ /(?=a)b/)]")


def test_an_evaluation_that_visits_too_much_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MAX_STEPS", 1000)
    document = {"a": [list(range(20))] * 20}
    assert compile_path("$..*").read(document)
    with pytest.raises(JsonPathException, match="visits more than"):
        compile_path("$..*..*..*").read(document)
    with pytest.raises(JsonPathException, match="visits more than"):
        compile_path("$.a[?($..*.length() == 5)]").read(document)


def test_deep_documents_are_scanned_without_recursion() -> None:
    document: Any = {"x": 1}
    for _ in range(50_000):
        document = [document]
    assert compile_path("$..x").read(document) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "$" + ".a" * 300,
        "$[?(" + "(" * 100 + "@.a == 1" + ")" * 100 + ")]",
        "$[?(@" + "[?(@" * 50 + ")]" * 50 + ")]",
        "$[?(@.a in " + "[" * 100 + "]" * 100 + ")]",
        "$" + ".sum($" * 50 + ")" * 50,
        "$." + "a" * 20_000,
    ],
)
def test_paths_beyond_the_bounds_are_refused(text: str) -> None:
    with pytest.raises(InvalidPathException):
        compile_path(text)


documents = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "b", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=15,
)


def places(value: Any, keys: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Every place of a document with its value, in the document's order."""
    found: list[tuple[tuple[str | int, ...], Any]] = [(keys, value)]
    if isinstance(value, dict):
        for key, child in value.items():
            found += places(child, (*keys, key))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            found += places(child, (*keys, number))
    return found


def written(keys: tuple[str | int, ...]) -> str:
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f"['{key}']" for key in keys)


@given(documents)
def test_the_path_to_every_place_gives_its_value(document: Any) -> None:
    for keys, value in places(document):
        path = compile_path(written(keys))
        assert path.definite
        assert path.read(document) is value
        assert path.read(document, {"AS_PATH_LIST"}) == [written(keys)]


@given(documents)
def test_a_deep_scan_finds_every_place_once(document: Any) -> None:
    found = compile_path("$..*").read(document, {"AS_PATH_LIST", "SUPPRESS_EXCEPTIONS"})
    assert sorted(found) == sorted(written(keys) for keys, _ in places(document) if keys)


@given(documents, st.integers(-6, 6), st.integers(-6, 6))
def test_slices_with_two_ends_agree_with_their_indexes(document: Any, start: int, stop: int) -> None:
    items = [document] * 4
    assert compile_path(f"$[{start}:{stop}]").read(items) == [
        items[number] for number in range(start, min(4, stop)) if -4 <= number < 4
    ]


@given(st.lists(documents, max_size=5), st.sampled_from(["==", "!=", "<", ">", "<=", ">=", "in", "nin", "contains"]))
def test_a_filter_and_its_negation_share_the_items(items: list[Any], operator: str) -> None:
    right = "[1,'a']" if operator in {"in", "nin"} else "1"
    try:
        yes = compile_path(f"$[?(@ {operator} {right})]").read(items)
        no = compile_path(f"$[?(!(@ {operator} {right}))]").read(items)
    except JsonPathException:
        return  # lists in lists cannot be compared
    assert len(yes) + len(no) == len(items)


@given(st.text("$@.*[]()?'\"ab01:,-!=<>&|~/{} ", max_size=25), documents)
def test_any_text_is_a_path_or_refused_and_never_anything_else(text: str, document: Any) -> None:
    try:
        path = compile_path(text)
        assert isinstance(path, Path)
        path.read(document)
    except JsonPathException:
        pass
    except IndexError as error:  # Jayway's own class for index(9)
        assert type(error).__name__ == "IndexOutOfBoundsException"  # noqa: PT017 -- both outcomes are right
