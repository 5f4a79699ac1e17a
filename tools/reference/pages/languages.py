"""Languages of expressions."""

from __future__ import annotations

from collections.abc import Iterator

from esb.expression import LanguageSpec
from esb.languages.simple.functions import table as functions
from tools.reference.markdown import code, first_line, prose, table
from tools.reference.markdown import page as whole
from tools.reference.options import options
from tools.reference.part import listed, part
from tools.reference.parts import all_languages, module_doc

_ABOUT = """
An expression is written under the name of its language: ``simple: "${body}"``, or with options
``jsonpath: {expression: "$.id", resultType: int}``. It is compiled when the route is loaded. The text of a message is never read as an expression.
"""


def page() -> str:
    """The list of all languages, and what they have in common."""
    lines = {name: first_line(module_doc(spec)) for name, spec in all_languages().items()}
    sections = [listed("languages", lines), "## Options of every language", *options(LanguageSpec)]
    return whole("Languages", _ABOUT, sections)


def parts() -> Iterator[tuple[str, str]]:
    """The page of each language; that of simple has its functions too."""
    common = set(LanguageSpec.fields)
    for name, spec in all_languages().items():
        tables = list(options(spec, common))
        if name == "simple":
            tables += ["## Functions", table(("function", "meaning"), _functions())]
        told = [prose(module_doc(spec)), prose(spec.__doc__)]
        yield name, part("languages", name, spec, told=told, options=tables)


def _functions() -> list[tuple[str, str]]:
    return [(code(name), first_line(builder.__doc__)) for name, builder in sorted(functions().items())]
