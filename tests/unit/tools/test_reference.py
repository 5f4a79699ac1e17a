"""The reference pages are made of what the code declares."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from esb.fields import Kind, Spec, field
from tools.reference.__main__ import main, stale
from tools.reference.markdown import code, prose, table
from tools.reference.options import duration, options, shown, size
from tools.reference.pages import pages
from tools.reference.parts import all_components, all_formats, all_languages, all_steps


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


@pytest.mark.parametrize(
    ("page", "parts"),
    [
        ("steps.md", all_steps()),
        ("languages.md", all_languages()),
        ("dataformats.md", all_formats()),
        ("components.md", {scheme: 0 for component in all_components().values() for scheme in component.schemes}),
    ],
)
def test_every_part_has_a_section(rendered, page, parts):
    headings = {name for line in rendered[page].splitlines() if line.startswith("## ") for name in line[3:].split(", ")}
    assert set(parts) <= headings


def test_every_declared_option_is_on_a_page(rendered):
    for name, spec in all_steps().items():
        for option in spec.fields:
            assert f"| `{option}` |" in rendered["steps.md"], f"{name}.{option}"


def test_no_page_shows_a_python_object(rendered):
    for name, text in rendered.items():
        assert " at 0x" not in text, name


def test_pages_are_the_same_every_time(rendered):
    assert pages() == rendered


def test_a_stale_page_is_named_and_nothing_is_written(tmp_path, rendered):
    for name, text in rendered.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "steps.md").write_text("old")
    (tmp_path / "errors.md").unlink()
    assert sorted(stale(tmp_path, rendered)) == ["errors.md", "steps.md"]
    done = CliRunner().invoke(main, ["--check", "--folder", str(tmp_path)])
    assert done.exit_code == 1
    assert "docs/reference/steps.md is stale: run 'make docs'" in done.output
    assert (tmp_path / "steps.md").read_text() == "old"


def test_writing_makes_the_pages_current(tmp_path):
    assert CliRunner().invoke(main, ["--folder", str(tmp_path)]).exit_code == 0
    assert CliRunner().invoke(main, ["--check", "--folder", str(tmp_path)]).exit_code == 0


def test_the_page_of_data_types_tells_every_check_and_common_option():
    from esb.datatypes import checks, declare
    from tools.reference.pages import data_types

    told = {name for names in data_types._COMMON for name in names.split(", ")}
    assert told == set(declare._COMMON)
    assert set(data_types._CHECKS) == set(checks.CHECKS)
