"""A route as a tree of sentences with its branches, read from the declared options: no step needs to know that it is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from esb.compiler.sentences import sentence
from esb.dsl.model import RouteDef
from esb.expression import LanguageSpec
from esb.fields import Kind, Spec
from esb.step import StepSpec

_ENDS: Final = frozenset({"stop", "throwException", "rollback"})
_SEVERAL: Final = frozenset({"multicast", "loadBalance"})
"""Blocks whose steps are branches of their own."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A way that a step may take."""

    label: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A step: its name, what it does, its branches; whether the message may pass it by, and whether nothing comes after it."""

    name: str
    text: str
    branches: tuple[Branch, ...] = ()
    passes: bool = True
    ends: bool = False


def outline(steps: Sequence[StepSpec]) -> tuple[Item, ...]:
    """The tree of some steps; disabled ones are left out."""
    return tuple(_item(step) for step in steps if not step.disabled)


def clauses(route: RouteDef) -> Iterator[Branch]:
    """What a route has beside its steps: clauses on failures and at its end."""
    for failed in route.on_exceptions:
        yield Branch(f"on {', '.join(name.rpartition('.')[2] for name in failed.exception)}", outline(failed.steps))
    for done in route.on_completions:
        yield Branch("on completion", outline(done.steps))


def _item(step: StepSpec) -> Item:
    branches = tuple(_branches(step))
    text = sentence(step)
    if step.name == "choice":
        text = "choice"  # its sentence repeats the conditions, which stand at the branches
    return Item(step.name, text, branches, _passes(step, branches), step.name in _ENDS)


def _passes(step: StepSpec, branches: Sequence[Branch]) -> bool:
    """Whether there is a way past the branches, beside those through them."""
    if not branches or step.name in {"filter", "idempotentConsumer"}:
        return True
    if step.name == "choice":
        return not any(branch.label == "otherwise" for branch in branches)
    return False


def _branches(part: Spec) -> Iterator[Branch]:
    for declared in part.fields.values():
        value: Any = getattr(part, declared.attribute)
        if not value:
            continue
        if declared.kind is Kind.STEPS and part.name in _SEVERAL:
            for one in outline(value):
                yield Branch("", (one,))
        elif declared.kind is Kind.STEPS:
            yield Branch("", outline(value))
        elif declared.kind in {Kind.SPEC, Kind.SPECS}:
            for inner in value if isinstance(value, tuple) else (value,):
                if "steps" in inner.fields and not getattr(inner, "disabled", False):
                    yield Branch(_label(inner), outline(inner.steps))


def _label(clause: Spec) -> str:
    """``when``: its condition; ``doCatch``: its classes; else the name."""
    expression = getattr(clause, "expression", None)
    if isinstance(expression, LanguageSpec):
        return expression.text if expression.name == "simple" else f"{expression.name}: {expression.text}"
    names: tuple[str, ...] = getattr(clause, "exception", ())
    return f"catch {', '.join(name.rpartition('.')[2] for name in names)}" if names else clause.name
