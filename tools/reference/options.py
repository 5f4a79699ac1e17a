"""Tables of declared options."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from esb.fields import Field, Kind, Spec
from tools.reference.markdown import code, first_line, inline, table

COLUMNS = ("option", "type", "default", "meaning")


def options(spec: type[Spec], without: Collection[str] = (), known: set[type[Spec]] | None = None) -> Iterator[str]:
    """The table of a spec's options, then one for each kind of part that they hold. ``without`` leaves out what is told elsewhere.

    ``known`` are the parts that have been told already on this page: they are not repeated.
    """
    known = known if known is not None else set()
    rows = [_row(declared) for name, declared in spec.fields.items() if name not in without]
    yield table(COLUMNS, rows)
    for name, declared in spec.fields.items():
        part = declared.spec
        if part is None or part in known or name in without:
            continue
        known.add(part)
        yield f"**`{name}`**: {first_line(part.__doc__)}"
        yield from options(part, (), known)


def _row(declared: Field) -> tuple[str, str, str, str]:
    return (code(declared.name), _kind(declared), _default(declared), _meaning(declared))


def _kind(declared: Field) -> str:
    kind = declared.kind.value
    if declared.spec is not None and declared.spec.name and declared.spec.name != declared.name:
        kind += f" ({declared.spec.name})"
    return f"{kind}, in the path" if declared.path else kind


def _default(declared: Field) -> str:
    if declared.required:
        return "required"
    return code(shown(declared.kind, declared.default))


def shown(kind: Kind, value: Any) -> str:
    """A default as a route would write it; empty for none."""
    if value is None or value in {(), ""}:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if kind is Kind.DURATION:
        return duration(float(value))
    if kind is Kind.SIZE:
        return size(int(value))
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")


def duration(seconds: float) -> str:
    """``0.5`` -> ``500ms``, ``60`` -> ``1m``."""
    for unit, length in (("h", 3600), ("m", 60), ("s", 1)):
        if seconds and seconds % length == 0:
            return f"{int(seconds // length)}{unit}"
    return f"{seconds * 1000:g}ms" if seconds else "0"


def size(count: int) -> str:
    """``10485760`` -> ``10mb``."""
    for unit, length in (("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10)):
        if count and count % length == 0:
            return f"{count // length}{unit}"
    return str(count)


_USUAL = {
    "id": "Its name.",
    "description": "What it is for.",
    "note": "A remark for people.",
    "disabled": "Leave it out.",
}
"""What every part of a route file may have, where its own declaration does not say more."""


def _meaning(declared: Field) -> str:
    parts = [inline(declared.doc or _USUAL.get(declared.name, ""))]
    if declared.enum:
        parts.append("One of " + ", ".join(map(code, declared.enum)) + ".")
    if declared.example:
        parts.append(f"Example: {code(declared.example)}.")
    if declared.scalar:
        parts.append("May stand alone, as plain text.")
    if declared.inline and declared.kind is Kind.EXPRESSION:
        parts.append("The language's key may stand beside the other options.")
    if declared.inline and declared.kind is Kind.FORMAT:
        parts.append("The format's key stands beside the other options.")
    if declared.aliases:
        parts.append("Also written " + ", ".join(map(code, declared.aliases)) + ".")
    if declared.secret:
        parts.append("A secret: shown as `***`.")
    if declared.deprecated:
        parts.append(f"Deprecated: {inline(declared.deprecated)}")
    return " ".join(part for part in parts if part)
