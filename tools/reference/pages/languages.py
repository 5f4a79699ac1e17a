"""Languages of expressions."""

from __future__ import annotations

from esb.expression import LanguageSpec
from esb.languages.simple.functions import table as functions
from tools.reference.examples import example
from tools.reference.markdown import code, first_line, prose, table
from tools.reference.markdown import page as whole
from tools.reference.options import options
from tools.reference.parts import all_languages, module_doc

_ABOUT = """
An expression is written under the name of its language: ``simple: "${body}"``, or with options
``jsonpath: {expression: "$.id", resultType: int}``. It is compiled when the route is loaded. The text of a message is never read as an expression.

Every language has these options too:
"""


def page() -> str:
    """All languages, and the functions of simple."""
    common = set(LanguageSpec.fields)
    sections = list(options(LanguageSpec))
    for name, spec in all_languages().items():
        sections += [f"## {name}", prose(module_doc(spec)), prose(spec.__doc__), *options(spec, common)]
        sections.append(example("languages", name))
        if name == "simple":
            sections += ["### Functions", table(("function", "meaning"), _functions())]
    return whole("Languages", _ABOUT, sections)


def _functions() -> list[tuple[str, str]]:
    return [(code(name), first_line(builder.__doc__)) for name, builder in sorted(functions().items())]
