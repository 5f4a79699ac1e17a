"""What ``esb check`` finds beyond what would keep the bus from starting."""

from __future__ import annotations

from esb.dsl.lint.rules import RULES
from tools.reference.examples import FOLDER
from tools.reference.markdown import block, inline, table
from tools.reference.markdown import page as whole

EXAMPLES = FOLDER / "lint"

_ABOUT = """
``esb check`` loads every instance of a project without starting it (what it refuses is told with the codes of the errors page), and then
reads the files once more for what is wrong or doubtful in them. An error fails the check; a warning does so with ``--strict``.

A finding that is meant can be allowed by a comment on its line, or on a line of its own above it, best with the reason:
``# esb: allow ESB-L011 a person reads what the OA refused``.

``esb check FILE`` tells only what is wrong in that file; ``--format github`` and ``--format sarif`` put findings beside the lines of a pull
request; ``--explain CODE`` says what a code means.

``esb fmt`` rewrites compact notation to the canonical one; ``esb fmt --check`` fails a build where it would. ``esb catalog schema`` prints the JSON
Schema of route files, which tells an editor most of this while one types.
"""


def page() -> str:
    """The rules of the linter, each with a file that has such a finding."""
    rows = [(f"[{rule.code}](#{rule.code.lower()})", rule.level, inline(rule.title)) for rule in RULES]
    sections = ["## Rules", table(("code", "level", "finding"), rows)]
    for rule in RULES:
        file = EXAMPLES / f"{rule.code}.yaml"
        several = file.with_suffix(".md")  # an example of several files
        sections += [f"### {rule.code}", f"{rule.level.capitalize()}: {inline(rule.title)}. {inline(rule.why)}"]
        if file.is_file():
            sections.append(f"<!-- finds: {rule.code} -->\n{block('yaml', file.read_text(encoding='utf-8'))}")
        elif several.is_file():
            sections.append(several.read_text(encoding="utf-8").strip())
    return whole("Lint", _ABOUT, sections)
