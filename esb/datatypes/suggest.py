"""Proposals for mappings, from the likeness of names and kinds. The same types give the same proposal, always."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema

from esb.datatypes.convert import coercion
from esb.datatypes.describe import kind
from esb.datatypes.paths import inner, is_list

_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_LIKELY: Final = 0.6
_SAME: Final = (
    ("id", "number", "no", "nr", "num", "key", "code"),
    ("qty", "quantity", "amount", "count"),
    ("total", "sum", "amount", "gross"),
    ("price", "cost", "rate"),
    ("phone", "telephone", "tel", "mobile"),
    ("mail", "email"),
    ("zip", "postal", "postcode", "plz"),
    ("street", "address", "road"),
    ("customer", "client", "buyer", "account"),
    ("order", "sales"),
    ("product", "article", "item", "sku"),
    ("line", "item", "position", "row"),
    ("created", "date", "ordered", "since"),
    ("country", "land", "nation"),
    ("name", "title", "label"),
    ("description", "text", "note", "comment", "remark"),
)
"""Words that often mean the same in business data."""
_SYNONYMS: Final = {
    word: {other for group in _SAME if word in group for other in group} for group in _SAME for word in group
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A target field and what may fill it; ``source`` is empty and the score 0 where nothing is likely.

    For a list of objects ``fields`` are the proposals inside ``each``.
    """

    target: str
    source: str
    score: float
    required: bool
    note: str = ""
    fields: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class _Leaf:
    path: str
    kind: str
    many: bool
    schema: Schema | None
    required: bool = False


def suggest(source: Schema, target: Schema) -> list[Suggestion]:
    """One proposal for every field of the target, in its order."""
    candidates = list(_leaves(source))
    return [_best(leaf, candidates) for leaf in _leaves(target, loading=True)]


def as_fields(suggestions: list[Suggestion] | tuple[Suggestion, ...]) -> dict[str, Any]:
    """The ``fields`` of a mapping file. What nothing is proposed for is left out, unless required: then it is null, to be filled in."""
    made: dict[str, Any] = {}
    for one in suggestions:
        if one.source and one.fields:
            made[one.target] = {"each": {"from": one.source, "fields": as_fields(one.fields)}}
        elif one.source and one.note.startswith("number:"):
            made[one.target] = {"field": one.source, "number": {"round": 0}}
        elif one.source:
            made[one.target] = one.source
        elif one.required:
            made[one.target] = {"constant": None}
    return made


def _leaves(
    schema: Schema, prefix: str = "", above: tuple[type, ...] = (), *, loading: bool = False
) -> Iterator[_Leaf]:
    """Fields that hold values, by their paths; nested objects are walked into, lists are leaves."""
    declared = schema.load_fields if loading else schema.fields
    for name, field in declared.items():
        nested, item = inner(field)
        many = is_list(field)
        if nested is not None and not many:
            if type(nested) not in (*above, type(schema)):
                yield from _leaves(nested, f"{prefix}{name}.", (*above, type(schema)), loading=loading)
            continue
        yield _Leaf(f"{prefix}{name}", kind(item) if item is not None else "any", many, nested, field.required)


def _best(target: _Leaf, candidates: list[_Leaf]) -> Suggestion:
    scored = [(_likeness(target, source), source) for source in candidates]
    # The first of equals in the source's order wins, so that the outcome never depends on anything but the types.
    score, source = max(scored, key=lambda pair: pair[0], default=(0.0, target))
    if score < _LIKELY:
        return Suggestion(target.path, "", 0.0, target.required)
    inside: tuple[Suggestion, ...] = ()
    if target.schema is not None and source.schema is not None:
        inside = tuple(suggest(source.schema, target.schema))
    return Suggestion(target.path, source.path, round(score, 2), target.required, _note(source, target), inside)


def _note(source: _Leaf, target: _Leaf) -> str:
    try:
        coercion(source.kind, target.kind)
    except ValueError as error:
        return "number: {round: 0}" if target.kind == "integer" else str(error)
    return ""


def _likeness(target: _Leaf, source: _Leaf) -> float:
    if target.many != source.many or (target.schema is None) != (source.schema is None):
        return 0.0
    wanted, given = _words(target.path), _words(source.path)
    last = _alike(wanted[-1:], given[-1:])
    whole = _alike(wanted, given)
    letters = difflib.SequenceMatcher(None, "".join(wanted), "".join(given)).ratio()
    name = max(0.6 * whole + 0.4 * last, letters)
    return name if _fits(source, target) else name * 0.6


def _fits(source: _Leaf, target: _Leaf) -> bool:
    numeric = {"integer", "decimal", "float"}
    dates = {"date", "datetime", "time"}
    for group in (numeric, dates):
        if (source.kind in group) != (target.kind in group) and "any" not in (source.kind, target.kind):
            return "string" in (source.kind, target.kind)
    return True


def _alike(one: list[str], other: list[str]) -> float:
    if not one or not other:
        return 0.0
    hits = sum(max(_word(a, b) for b in other) for a in one) + sum(max(_word(a, b) for a in one) for b in other)
    return hits / (len(one) + len(other))


def _word(one: str, other: str) -> float:
    if one == other or one.rstrip("s") == other.rstrip("s"):
        return 1.0
    return 0.8 if other in _SYNONYMS.get(one, ()) else 0.0


def _words(path: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(path)] or [path.lower()]
