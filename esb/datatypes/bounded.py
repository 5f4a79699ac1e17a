"""What is told of wrong data with very long lists or very many keys: some of them are looked at, not all.

marshmallow takes about 80 us for an item that is wrong and 10 us for an unknown key, so that a request of 10 MB could keep a processor busy for
more than a minute. Of a long list the first items and others spread over the whole are tried, of many keys the fields and some others; only if none
of them is wrong is everything loaded, which is quick then, for few can be.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields
from marshmallow.exceptions import SCHEMA

LONG: Final = 1000
"""Lists with more items, and maps with more keys, are not looked at as a whole."""

Path = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Sample:
    """Some of a collection: ``places`` of a list's items, or ``keys`` of a map that are no field's."""

    size: int
    looked_at: int
    places: Sequence[int] = ()
    keys: frozenset[Any] = frozenset()


def bounded_load(schema: Schema) -> Callable[[Any], Any]:
    """``schema.load`` with a bounded effort for what is wrong. Errors name the items' true places; what is valid is loaded as ever."""
    load, known = schema.load, frozenset(_data_keys(schema, set()))

    def load_bounded(value: Any) -> Any:
        samples: dict[Path, _Sample] = {}
        part = _part(value, (), known, samples)
        if samples:
            try:
                load(part)
            except ValidationError as error:
                messages: Any = error.messages
                wrong = [sample for path, sample in samples.items() if _holds(messages, path, sample)]
                if wrong:
                    told = f"Only {wrong[0].looked_at} of {wrong[0].size} items were looked at."
                    messages[SCHEMA] = [*messages.get(SCHEMA, []), told]
                    raise ValidationError(messages) from None
        return load(value)

    return load_bounded


def _part(value: Any, path: Path, known: frozenset[str], samples: dict[Path, _Sample]) -> Any:
    """A copy with only some items of what is long; ``samples`` gets what was taken, by path."""
    if isinstance(value, dict):
        if len(value) > LONG:
            others = frozenset(itertools.islice((key for key in value if key not in known), LONG))
            samples[path] = _Sample(len(value), len(others), keys=others)
            return {key: inner for key, inner in value.items() if key in known or key in others}
        return {key: _part(inner, (*path, key), known, samples) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) <= LONG:
        return [_part(inner, (*path, place), known, samples) for place, inner in enumerate(value)]
    half = LONG // 2
    places = sorted({*range(half), *range(0, len(value), len(value) // half)})
    samples[path] = _Sample(len(value), len(places), places)
    return [value[place] for place in places]


def _holds(messages: Any, path: Path, sample: _Sample) -> bool:
    """Whether the errors name anything of the sample, which is wrong then whatever was left out; a list's items get their true places.

    What is said of the collection itself may come from the sampling.
    """
    for key in path:
        messages = messages.get(key) if isinstance(messages, dict) else None
    if not isinstance(messages, dict):
        return False
    if sample.keys:
        return any(key in sample.keys for key in messages)
    items = {sample.places[key]: inner for key, inner in messages.items() if isinstance(key, int)}
    if items:
        messages.clear()
        messages.update(items)
    return bool(items)


def _data_keys(schema: Schema, seen: set[Hashable]) -> Iterator[str]:
    """The names that fields have in the data, here and in what is nested."""
    if type(schema) in seen:
        return
    seen.add(type(schema))
    for name, field in schema.fields.items():
        yield field.data_key if field.data_key is not None else name
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from _data_keys(inner.schema, seen)
