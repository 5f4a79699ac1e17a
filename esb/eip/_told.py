"""Words for ``esb describe``: expressions in one line."""

from __future__ import annotations

from esb.expression import LanguageSpec


def told(expression: LanguageSpec | None) -> str:
    """An expression in a line: a constant in quotes, others with their language."""
    if expression is None:
        return "nothing"
    words = " ".join(expression.text.split())
    shown = words if len(words) <= 60 else f"{words[:57]}..."
    return repr(shown) if expression.name == "constant" else f"{expression.name} {shown}"
