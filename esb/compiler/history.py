"""``messageHistory``: a route that notes on each message which of its steps it has passed, and how long they took."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import Final

from esb.compiler.build import Wrap
from esb.exchange import Exchange
from esb.program import Step
from esb.step import StepSpec

PROPERTY: Final = "CamelMessageHistory"
_UNSEEN: Final = frozenset({"interceptFrom", "inputType", "onCompletion"})


@dataclass(slots=True)
class MessageHistory:
    """One step that a message has reached. ``elapsed`` is in milliseconds, 0 while the step runs."""

    route_id: str
    node_id: str
    node: str
    at: str
    elapsed: int = 0

    def __str__(self) -> str:
        return f"{self.route_id:20} {self.node_id:20} {self.elapsed:6} ms  {self.node}  {self.at}".rstrip()


def history(route_id: str) -> Wrap:
    """What notes each step of a route in the property ``CamelMessageHistory``, a list."""

    def wrap(step: Step, spec: StepSpec) -> Step:
        if spec.name in _UNSEEN:
            return step
        name, sentence, at = spec.id or spec.name, spec.sentence(), str(spec.at)

        @functools.wraps(step)
        def noted(exchange: Exchange) -> None:
            entry = MessageHistory(route_id, name, sentence, at)
            exchange.properties.setdefault(PROPERTY, []).append(entry)
            began = time.perf_counter()
            try:
                step(exchange)
            finally:
                entry.elapsed = int((time.perf_counter() - began) * 1000)

        return noted

    return wrap
