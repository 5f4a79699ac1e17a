"""What ``esb check`` finds beyond what would keep the bus from starting."""

from __future__ import annotations

from esb.dsl.lint.rules import RULES
from tools.reference.markdown import code, inline, table
from tools.reference.markdown import page as whole

_ABOUT = """
``esb check`` loads every instance of a project without starting it (what it refuses is told with the codes of the errors page), and then
reads the files once more for what is wrong or doubtful in them. An error fails the check; a warning does so with ``--strict``.

A finding that is meant can be allowed by a comment on its line, or on a line of its own above it, best with the reason:
``# esb: allow ESB-L011 a person reads what the OA refused``.

``esb fmt`` rewrites compact notation to the canonical one; ``esb fmt --check`` fails a build where it would. ``esb catalog schema`` prints the JSON
Schema of route files, which tells an editor most of this while one types.
"""


def page() -> str:
    """The rules of the linter."""
    rows = [(code(rule.code), rule.level, inline(rule.title), inline(rule.why)) for rule in RULES]
    return whole("Lint", _ABOUT, ["## Rules", table(("code", "level", "finding", "why"), rows)])
