"""The children of a type as one list, with what the groups around each mean: how often it may stand, whether instead of others, whether in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.soap.contract.model import UNBOUNDED, Any, ComplexType, Element, Particle


@dataclass(frozen=True, slots=True)
class Item:
    """A child. ``high`` is infinite for unbounded."""

    element: Element
    low: int
    high: float
    choice: bool
    """Whether it stands instead of others."""
    ordered: bool
    """Whether its place among its siblings counts."""

    @property
    def many(self) -> bool:
        """Whether it is a list in the data."""
        return self.high > 1


def items_of(found: ComplexType) -> dict[str, Item]:
    """Children by tag; the second of a tag as ``tag__1``, as in the data. An array's member is its ``item``."""
    if found.array:
        return {"item": Item(Element("item", found.array), 0, float("inf"), choice=False, ordered=True)}
    made: dict[str, Item] = {}
    for item in _items(found.content, 1, 1.0, choice=False, ordered=True) if found.content is not None else ():
        name, number = item.element.tag, 0
        while name in made:
            number += 1
            name = f"{item.element.tag}__{number}"
        made[name] = item
    return made


def _items(particle: Particle, low: int, high: float, *, choice: bool, ordered: bool) -> Iterator[Item]:
    if isinstance(particle, Any):
        return
    least = particle.min * low
    most = (float("inf") if particle.max == UNBOUNDED else float(particle.max)) * high
    if isinstance(particle, Element):
        yield Item(particle, least, most, choice, ordered)
        return
    choosing = particle.kind == "choice" and len(particle.items) > 1
    for item in particle.items:
        yield from _items(
            item,
            0 if choosing else least,
            most,
            choice=choice or choosing,
            ordered=ordered and particle.kind == "sequence" and most <= 1,
        )
