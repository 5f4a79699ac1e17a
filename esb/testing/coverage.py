"""Which steps of which routes the tests have run."""

from __future__ import annotations

from dataclasses import dataclass, field

from esb.errors import Position
from esb.exchange import Exchange
from esb.program import Step
from esb.step import StepSpec

Key = tuple[str, Position, str]
"""Route id, where the step stands, its id."""


@dataclass
class Coverage:
    """Counts over many contexts: a step is the same one if it stands at the same place."""

    counts: dict[Key, int] = field(default_factory=dict)

    def around(self, route: str, step: Step, spec: StepSpec) -> Step:
        """The step, counted. See :attr:`esb.context.RouteContext.around_step`."""
        if not spec.at.line:
            return step
        counts, key = self.counts, (route, spec.at, f"{spec.name} {spec.id or ''}".strip())
        counts.setdefault(key, 0)

        def counted(exchange: Exchange) -> None:
            counts[key] += 1
            step(exchange)

        if getattr(step, "unguarded", False):
            counted.unguarded = True  # type: ignore[attr-defined]  # the mark that programs look for
        return counted

    def by_route(self) -> dict[str, tuple[int, int, list[Key]]]:
        """Route id -> steps that ran, steps there are, those that did not run in the order of the file."""
        told: dict[str, tuple[int, int, list[Key]]] = {}
        for route in sorted({route for route, _, _ in self.counts}):
            keys = sorted(
                (key for key in self.counts if key[0] == route),
                key=lambda key: (key[1].file, key[1].line, key[1].column),
            )
            missed = [key for key in keys if not self.counts[key]]
            told[route] = (len(keys) - len(missed), len(keys), missed)
        return told
