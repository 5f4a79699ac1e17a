"""Examples of steps and languages: files beside this module, and for steps without one the shortest form that their options allow.

A file may begin with a line ``# run: ...``, which is the notation of the guides (see CONTRIBUTING.md): the tests then run it.
"""

from __future__ import annotations

from pathlib import Path

from esb.fields import Field, Kind
from esb.step import StepSpec
from tools.reference.markdown import block

_FOLDER = Path(__file__).with_name("examples")
_RUN = "# run: "


def example(kind: str, name: str) -> str:
    """The Markdown of a written example; empty if there is none."""
    file = _FOLDER / kind / f"{name}.yaml"
    return marked(file.read_text(encoding="utf-8")) if file.is_file() else ""


def marked(text: str) -> str:
    """An example's text as a block of steps, its ``# run:`` line as the comment before it."""
    first, _, rest = text.partition("\n")
    if first.startswith(_RUN):
        return f"<!-- steps, run: {first.removeprefix(_RUN)} -->\n{block('yaml', rest)}"
    return f"<!-- steps -->\n{block('yaml', text)}"


def shortest(spec: type[StepSpec]) -> str:
    """A step with the options it must have."""
    required = {name: _value(declared) for name, declared in spec.fields.items() if declared.required}
    lone = [declared for declared in spec.fields.values() if declared.scalar]
    if len(required) == 1 and lone and lone[0].name in required:
        return marked(f"- {spec.name}: {required[lone[0].name]}\n")
    lines = [_line(spec.fields[name], value) for name, value in required.items()]
    if "steps" in spec.fields:
        lines.append("    steps:\n      - log: ${body}")
    return marked(f"- {spec.name}:\n" + "\n".join(lines) + "\n" if lines else f"- {spec.name}: {{}}\n")


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
