"""Data types, mappings and code tables as files of a project."""

from __future__ import annotations

from esb.datatypes import conditions, declare, layout, mapping, mapping_fields, rules, table_files
from esb.datatypes.kinds import KINDS
from tools.reference.markdown import block, code, prose, table
from tools.reference.markdown import page as whole

_ABOUT = """
``schemas/`` of a project holds data types: marshmallow classes in Python (``schemas/crm.py``), or types declared in YAML (``schemas/crm.yaml``),
which become marshmallow classes. The guide is [data.md](../guides/data.md).
"""

_COMMON = {
    "type": "the kind, or the name of another type",
    "doc": "what the field is",
    "required": "whether it must be there",
    "allow_none": "whether it may be null",
    "default": "its value where it is missing",
    "data_key": "its name in the data, where that is another",
    "load_only, dump_only": "only read, or only written",
    "secret": "its value never stands in a report or a log",
    "clean": "what is done with a text before it is read: strip, upper, lower, collapse_blanks, digits_only, empty_to_none, {none_if: [...]}",
}

_CHECKS = {
    "length": "{min: 1, max: 40}, or one number",
    "range": "{min: 0, max: 9}, or above and below for bounds that do not count",
    "regex": "the whole text fits (RE2: no look-around, no back-references)",
    "one_of": "a list of what is allowed",
}


def page() -> str:
    """The notation of types, mappings and tables, from the modules that read it."""
    return whole(
        "Data types, mappings, code tables",
        _ABOUT,
        [
            "## Types",
            *_told(declare.__doc__),
            "### Kinds of fields",
            table(
                ("kind", "options of its own", "checks"),
                [(code(name), _codes(kind.options), _codes(kind.checks)) for name, kind in KINDS.items()],
            ),
            "### Options of every field",
            table(("option", "meaning"), [(code(name), meaning) for name, meaning in _COMMON.items()]),
            f"For data formats a field also has {_codes(layout.KEYS)}: its place in a record of fixed width, or its column in a CSV file.",
            "### Checks",
            table(("check", "meaning"), [(code(name), meaning) for name, meaning in _CHECKS.items()]),
            "### Rules across fields",
            *_told(rules.__doc__),
            "### Conditions",
            *_told(conditions.__doc__),
            "## Mappings",
            *_told(mapping.__doc__),
            "### Fields of a mapping",
            *_told(mapping_fields.__doc__),
            "## Code tables",
            *_told(table_files.__doc__),
        ],
    )


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(map(code, names))


def _told(docstring: str | None) -> list[str]:
    """A module's docstring: its first sentence is prose, what is indented behind ``::`` is YAML."""
    parts: list[str] = []
    for paragraph in (docstring or "").strip().split("\n\n"):
        if paragraph.strip() == "::":
            continue
        if paragraph.startswith("    "):
            lines = "\n".join(line.removeprefix("    ") for line in paragraph.splitlines())
            parts.append(f"<!-- not run: the notation, not a file of its own -->\n{block('yaml', lines)}")
        else:
            parts.append(prose(paragraph))
    return parts
