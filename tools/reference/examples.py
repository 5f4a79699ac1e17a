"""Examples: Markdown beside this module, and for steps without one the shortest form that their options allow.

A file ``examples/KIND/NAME.md`` is put on the page as it is, with the comments that make the tests run its blocks (CONTRIBUTING tells them).
"""

from __future__ import annotations

from pathlib import Path

from esb.fields import Field, Kind
from esb.step import StepSpec
from tools.reference.markdown import block

_FOLDER = Path(__file__).with_name("examples")


def example(kind: str, name: str) -> str:
    """A written example; empty if there is none."""
    file = _FOLDER / kind / f"{name}.md"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def shortest(spec: type[StepSpec]) -> str:
    """A step with the options it must have."""
    required = {name: _value(declared) for name, declared in spec.fields.items() if declared.required}
    lone = [declared.name for declared in spec.fields.values() if declared.scalar]
    if len(required) == 1 and lone == list(required):
        return _steps(f"- {spec.name}: {required[lone[0]]}")
    lines = [_line(spec.fields[name], value) for name, value in required.items()]
    if "steps" in spec.fields:
        lines.append("    steps:\n      - log: ${body}")
    return _steps("\n".join([f"- {spec.name}:", *lines]) if lines else f"- {spec.name}: {{}}")


def _steps(text: str) -> str:
    return f"<!-- steps -->\n{block('yaml', text)}"


def _line(declared: Field, value: str) -> str:
    return f"    {value}" if declared.inline else f"    {declared.name}: {value}"


def _value(declared: Field) -> str:
    if declared.example:
        return declared.example
    match declared.kind:
        case Kind.EXPRESSION if declared.inline:
            return "simple: ${body}"
        case Kind.EXPRESSION:
            return "{simple: '${body}'}"
        case Kind.FORMAT:
            return "json: {}"
        case Kind.URI:
            return "bus:orders"
        case Kind.INT | Kind.FLOAT | Kind.DURATION | Kind.SIZE:
            return "1"
        case Kind.BOOL:
            return "true"
        case _:
            return declared.enum[0] if declared.enum else "name"
