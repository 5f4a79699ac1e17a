"""Compiled schemas: one generated function a schema and direction for what is valid, marshmallow itself for all else.

``load(value)`` and ``dump(value)`` give what ``Schema.load`` and ``Schema.dump`` give, and raise what they raise: on any deviation from the
happy path the whole call is done again by marshmallow, so errors are its own. Hence validators and hooks of a schema must be free of side
effects, for invalid data run them twice. Generated functions are pure and thread-safe. marshmallow takes 60-120 us for an order of ten
lines; the generated function 3-6 us (tests/benchmarks/test_schema_compile.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from marshmallow import Schema

from esb.datatypes.bounded import bounded_load
from esb.datatypes.compilable import Uncompilable
from esb.datatypes.dump_code import DumpCode
from esb.datatypes.load_code import LoadCode
from esb.datatypes.shield import shielded_dump
from esb.datatypes.source import Deviation, Source


@dataclass(frozen=True, slots=True)
class Compiled:
    """A function of one value, and why it is marshmallow's own method (empty if it is generated)."""

    call: Callable[[Any], Any]
    why_not: str = ""
    source: str = ""
    """Text of the generated function, for the curious and for tests."""


class _Code(Protocol):
    def root(self, name: str, schema: Schema) -> None: ...


def compile_load(schema: Schema) -> Compiled:
    """``schema.load`` of one value, generated if possible. Raises marshmallow's ValidationError as that does."""
    return _compile(schema, LoadCode, "load", bounded_load(schema))


def compile_dump(schema: Schema) -> Compiled:
    """``schema.dump`` of one value, generated if possible; with one mend: see esb.datatypes.shield."""
    return _compile(schema, DumpCode, "dump", shielded_dump(schema))


def compile_rows(schema: Schema, header: Sequence[str]) -> Callable[[Sequence[Any]], Any] | None:
    """A function that loads a row of values in the order of the header's data keys, with no dict between; None if not possible.

    It raises *anything* for a row that is not valid or has another number of values; ask ``Schema.load`` why.
    """
    source = _begin()
    try:
        LoadCode(source).rows("load_row", schema, header)
        return source.function("load_row", f"rows of {type(schema).__name__}")
    except (Uncompilable, SyntaxError):
        return None


def _compile(schema: Schema, code: Callable[[Source], _Code], verb: str, own: Callable[[Any], Any]) -> Compiled:
    source = _begin()
    source.namespace["fallback"] = own
    try:
        code(source).root("happy", schema)
        with source.block(f"def {verb}(value):"):
            with source.block("try:"):
                source.line("return happy(value)")
            with source.block("except Exception:"):
                source.line("pass")
            # Outside the handler, so that the deviation is not shown as the context of marshmallow's error.
            source.line("return fallback(value)")
        made = source.function(verb, f"{verb} of {type(schema).__name__}")
    except Uncompilable as reason:
        return Compiled(own, str(reason))
    except SyntaxError as reason:  # more nested blocks than Python allows
        return Compiled(own, f"the generated code is not accepted: {reason.msg}")
    return Compiled(made, source=source.text)


def _begin() -> Source:
    source = Source()
    source.namespace["Deviation"] = Deviation
    return source
