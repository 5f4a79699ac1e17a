"""Words for descriptions and errors: expressions in one line, exchanges as Camel names them."""

from __future__ import annotations

from esb.exchange import Exchange
from esb.expression import LanguageSpec


def told(expression: LanguageSpec | None) -> str:
    """An expression in a line: a constant in quotes, others with their language."""
    if expression is None:
        return "nothing"
    words = " ".join(expression.text.split())
    shown = words if len(words) <= 60 else f"{words[:57]}..."
    return repr(shown) if expression.name == "constant" else f"{expression.name} {shown}"


def named(exchange: Exchange) -> str:
    """The exchange as Camel's errors name it: an id that nobody has asked for is not made for a text (the log line carries it in any case)."""
    return f"Exchange[{exchange._id or ''}]"  # noqa: SLF001 -- asking for the id would make it
