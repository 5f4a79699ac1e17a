"""The reference pages are made of what the code declares."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from esb.dsl.lint.rules import RULES
from esb.fields import Kind, Spec, field
from tests.docs.blocks import blocks
from tools.reference.__main__ import main, stale
from tools.reference.camel import OURS
from tools.reference.differences import rows
from tools.reference.examples import FOLDER, example
from tools.reference.markdown import code, prose, table
from tools.reference.options import duration, options, shown, size
from tools.reference.pages import pages
from tools.reference.parts import all_components, all_formats, all_languages, all_steps
from tools.reference.readme import README, current, with_score


class Part(Spec):
    """A part of it."""

    name = "part"
    key = field(Kind.TEXT, doc="Its key.")


class Thing(Spec):
    """A thing."""

    name = "thing"
    timeout = field(Kind.DURATION, 90.0, doc="How long.", example="5s")
    mode = field(Kind.TEXT, "a|b", enum=("a|b", "c"), doc="Which ``way``.")
    password = field(Kind.TEXT, None, secret=True)
    old = field(Kind.BOOL, False, deprecated="use mode")
    parts = field(Kind.SPECS, (), spec=Part)


@pytest.fixture(scope="module")
def rendered():
    return pages()


def test_an_option_is_a_row_with_all_that_is_declared():
    told = "\n".join(options(Thing))
    assert "| `timeout` | duration | `90s` | How long. Example: `5s`. |" in told
    assert "| `mode` | string | `a\\|b` | Which `way`. One of `a\\|b`, `c`. |" in told
    assert "| `password` | string |  | A secret: shown as `***`. |" in told
    assert "Deprecated: use mode" in told


def test_parts_of_an_option_have_a_table_of_their_own():
    told = "\n".join(options(Thing))
    assert "**`parts`**: A part of it." in told
    assert "| `key` | string | required | Its key. |" in told


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Kind.DURATION, 0.5, "500ms"),
        (Kind.SIZE, 10 << 20, "10mb"),
        (Kind.BOOL, True, "true"),
        (Kind.TEXT, "\r\n", "\\r\\n"),
        (Kind.NAMES, ("a", "b"), "a,b"),
        (Kind.TEXT, None, ""),
        (Kind.NAMES, (), ""),
        (Kind.INT, 0, "0"),
    ],
)
def test_a_default_is_shown_as_a_route_would_write_it(kind, value, text):
    assert shown(kind, value) == text


@pytest.mark.parametrize(("seconds", "text"), [(3600, "1h"), (90, "90s"), (120, "2m"), (0.0015, "1.5ms"), (0, "0")])
def test_a_duration_has_the_largest_unit_that_fits(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(1 << 30, "1gb"), (1536, "1536"), (65536, "64kb")])
def test_a_size_has_the_largest_unit_that_fits(count, text):
    assert size(count) == text


def test_a_docstring_becomes_markdown():
    assert (
        prose("Uses ``a`` and :meth:`b`.\n\n== ==\nx  y\n== ==\n")
        == "Uses `a` and `b`.\n\n```text\n== ==\nx  y\n== ==\n```"
    )


def test_code_with_a_backquote_and_cells_with_bars_survive():
    assert code("a`b") == "`` a`b ``"
    assert table(("x",), [("a|b\nc",)]).splitlines()[-1] == "| a\\|b c |"


KINDS = {
    "steps": all_steps(),
    "languages": all_languages(),
    "dataformats": all_formats(),
    "components": {name: component.endpoint_class for name, component in all_components().items()},
}
PARTS = [(kind, name) for kind, parts in KINDS.items() for name in parts]


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_has_a_page_that_the_list_links_to(rendered, kind):
    for name in KINDS[kind]:
        assert f"{kind}/{name}.md" in rendered
        assert f"]({kind}/{name}.md)" in rendered[f"{kind}.md"]


def test_every_scheme_is_named_on_the_page_of_its_component(rendered):
    for name, component in all_components().items():
        title = next(line for line in rendered[f"components/{name}.md"].splitlines() if line.startswith("# "))
        assert set(component.schemes) == set(title[2:].split(", "))


def test_every_declared_option_is_on_the_page_of_its_part(rendered):
    for kind, name in PARTS:
        for option in KINDS[kind][name].fields:
            row = f"| `{option}` |"
            assert row in rendered[f"{kind}/{name}.md"] or row in rendered[f"{kind}.md"] or option == "id", (
                name,
                option,
            )


@pytest.mark.parametrize(("kind", "name"), PARTS, ids=map("/".join, PARTS))
def test_every_part_has_an_example_that_uses_it_and_is_run(kind, name):
    shown = list(blocks(example(kind, name)))
    routes = [block for block in shown if block.language == "yaml" and block.all("file")[:1] != ["esb.yaml"]]
    assert routes, (
        f"write an example with a route: tools/reference/examples/{kind}/{name}.md (CONTRIBUTING.md tells how)"
    )
    used = rf"\b{name}:" if kind != "components" else rf"\b(?:{'|'.join(all_components()[name].schemes)}):"
    assert any(re.search(used, block.text) for block in routes)
    assert kind == "components" or any(block.has("run") for block in shown), "nothing is sent to it"


def test_every_rule_of_the_linter_has_an_example():
    without = {"ESB-L031"}  # about the rights of a file
    assert {rule.code for rule in RULES} - without == {file.stem for file in (FOLDER / "lint").glob("ESB-L*")}


def test_there_is_no_example_of_a_part_that_is_gone():
    there = {(file.parent.name, file.stem) for file in FOLDER.glob("*/*.md") if file.parent.name != "lint"}
    assert there - set(PARTS) == set()


def test_the_differences_of_a_part_are_on_its_page(rendered):
    assert "| `out:header()` | empties the message | gives nothing |" in rendered["languages/xpath.md"]
    assert "links in the folder" in rendered["components/file.md"]
    assert "out:header" not in rendered["steps/choice.md"]


def test_every_row_of_the_differences_that_names_a_part_names_one_that_is_there():
    subjects = {subject for row in rows() for subject in row.subjects}
    clauses = {"interceptSendToEndpoint", "onCompletion", "inputType", "outputType", "rest"}
    known = {name for kind, name in PARTS} | {f"{name}:" for kind, name in PARTS if kind == "components"}
    assert subjects - clauses - known == set()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_to_be_ours_or_camels_is_there(kind):
    assert OURS[kind] - set(KINDS[kind]) == set()


def test_no_page_shows_a_python_object(rendered):
    for name, text in rendered.items():
        assert " at 0x" not in text, name


def test_pages_are_the_same_every_time(rendered):
    assert pages() == rendered


def test_a_stale_page_is_named_and_nothing_is_written(tmp_path, rendered):
    for name, text in rendered.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "steps.md").write_text("old")
    (tmp_path / "errors.md").unlink()
    (tmp_path / "steps/gone.md").write_text("a step that was there once")
    assert sorted(stale(tmp_path, rendered)) == ["errors.md", "steps.md", "steps/gone.md"]
    done = CliRunner().invoke(main, ["--check", "--folder", str(tmp_path)])
    assert done.exit_code == 1
    assert "docs/reference/steps.md is stale: run 'make docs'" in done.output
    assert (tmp_path / "steps.md").read_text() == "old"
    assert (tmp_path / "steps/gone.md").exists()


def test_writing_makes_the_pages_current(tmp_path):
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps/gone.md").write_text("a step that was there once")
    assert CliRunner().invoke(main, ["--folder", str(tmp_path)]).exit_code == 0
    assert not (tmp_path / "steps/gone.md").exists()
    assert CliRunner().invoke(main, ["--check", "--folder", str(tmp_path)]).exit_code == 0


def test_the_page_of_data_types_tells_every_check_and_common_option():
    from esb.datatypes import checks, declare
    from tools.reference.pages import data_types

    told = {name for names in data_types._COMMON for name in names.split(", ")}
    assert told == set(declare._COMMON)
    assert set(data_types._CHECKS) == set(checks.CHECKS)


RECORD = {"choice": {"cases": 10, "passed": 10}, "rest": {"cases": 20, "passed": 19}}


def test_the_readme_has_the_recorded_score():
    assert current() == README.read_text()


def test_the_score_is_put_between_its_comments_and_nothing_else_changes():
    begin, end = "<!-- score: made by `make docs` of tests/conformance/floor.json -->", "<!-- end of score -->"
    told = with_score(f"before {begin} old {end} after", RECORD)
    assert told.startswith("before ")
    assert told.endswith(" after")
    assert "old" not in told
    assert "**29 of 30** cases recorded from Camel 4.17 give the same here (96.7 %)" in told
    assert "| choice 10/10 | rest 19/20 |" in told


def test_a_readme_without_a_place_for_the_score_is_refused():
    with pytest.raises(ValueError, match="lacks the comments"):
        with_score("no place", RECORD)
