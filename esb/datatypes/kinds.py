"""The kinds of fields that a type declared in YAML may have, each a marshmallow field."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from marshmallow import Schema, fields, validate

from esb.datatypes.dateformats import NAMED, python_format
from esb.datatypes.document import Part, shown
from esb.errors import OptionError

Field = fields.Field[Any]


class Scope(Protocol):
    """What a field may refer to while its type is read."""

    def reference(self, part: Part) -> Callable[[], type[Schema] | Schema]:
        """Another type by the name that the part holds, found when first needed: types may refer to each other."""

    def field(self, part: Part) -> Field:
        """A field within this one: the items of a list, the values of a map."""

    def inline(self, part: Part) -> type[Schema]:
        """A type without a name of its own: ``{fields: {...}}``."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind is made, its own options, and the validators that make sense for it."""

    make: Callable[[Part, dict[str, Any], Scope], Field]
    options: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


def _plain(field: Callable[..., Field]) -> Callable[[Part, dict[str, Any], Scope], Field]:
    def make(part: Part, common: dict[str, Any], scope: Scope) -> Field:  # noqa: ARG001 - one signature for all
        return field(**common)

    return make


def _integer(part: Part, common: dict[str, Any], scope: Scope) -> Field:  # noqa: ARG001 - as above
    return fields.Integer(strict=part.take("strict", bool, default=False), **common)


def _decimal(part: Part, common: dict[str, Any], scope: Scope) -> Field:  # noqa: ARG001 - as above
    return fields.Decimal(
        places=part.take("places", int),
        rounding=rounding(part),
        as_string=part.take("as_string", bool, default=False),
        **common,
    )


ROUNDINGS: Final = ("half_even", "half_up", "half_down", "up", "down", "ceiling", "floor", "05up")


def rounding(part: Part, key: str = "rounding") -> str | None:
    """The decimal module's name of a rounding, such as ``ROUND_HALF_UP`` for ``half_up``."""
    name = part.take(key, str)
    if name is None:
        return None
    if name not in ROUNDINGS:
        raise OptionError(f"no rounding is called {shown(name)}", part.at_key(key), "known: " + ", ".join(ROUNDINGS))
    return f"ROUND_{name.upper()}"


def _boolean(part: Part, common: dict[str, Any], scope: Scope) -> Field:  # noqa: ARG001 - as above
    true = {*part.texts("true_texts"), True} if "true_texts" in part else None
    false = {*part.texts("false_texts"), False} if "false_texts" in part else None
    return fields.Boolean(truthy=true, falsy=false, **common)


def date_format(part: Part, key: str = "format") -> str | None:
    """A date's format for strptime, or None."""
    text = part.take(key, str)
    if text is None:
        return None
    try:
        return python_format(text)
    except ValueError as error:
        raise OptionError(
            f"the format {shown(text)} is not understood: {error}", part.at_key(key), "write it with %: %d.%m.%Y"
        ) from error


def time_zone(part: Part, key: str = "zone") -> zoneinfo.ZoneInfo | None:
    """A time zone by its name in the IANA list, or None."""
    name = part.take(key, str)
    if name is None:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise OptionError(
            f"no time zone is called {shown(name)}", part.at_key(key), "such as UTC or Europe/Berlin"
        ) from error


def _dated(field: Callable[..., Field]) -> Callable[[Part, dict[str, Any], Scope], Field]:
    def make(part: Part, common: dict[str, Any], scope: Scope) -> Field:  # noqa: ARG001 - as above
        name = date_format(part)
        if name in NAMED - {"iso", "iso8601"}:
            raise OptionError(f"the format {shown(name)} is for date-times", part.at_key("format"))
        return field(format=name, **common)

    return make


def _datetime(part: Part, common: dict[str, Any], scope: Scope) -> Field:  # noqa: ARG001 - as above
    zone, name = time_zone(part), date_format(part)
    if part.take("naive", bool, default=False):
        return fields.NaiveDateTime(format=name, timezone=zone, **common)  # type: ignore[arg-type]  # astimezone takes any tzinfo
    if zone is not None:
        return fields.AwareDateTime(format=name, default_timezone=zone, **common)
    return fields.DateTime(format=name, **common)


def _url(part: Part, common: dict[str, Any], scope: Scope) -> Field:  # noqa: ARG001 - as above
    return fields.Url(schemes=part.texts("schemes") or None, require_tld=False, **common)


def _enum(part: Part, common: dict[str, Any], scope: Scope) -> Field:  # noqa: ARG001 - as above
    if "values" not in part:
        raise OptionError("an enum needs 'values'", part.at)
    values = [item.value for item in part.part("values").items("'values'")]
    if not values or any(type(value) not in (str, int) for value in values):
        raise OptionError("'values' must be texts or whole numbers, at least one", part.at_key("values"))
    common = {**common, "validate": [validate.OneOf(dict.fromkeys(values)), *common.get("validate", ())]}
    if all(isinstance(value, str) for value in values):
        return fields.String(**common)
    return fields.Integer(**common) if all(isinstance(value, int) for value in values) else fields.Raw(**common)


def _list(part: Part, common: dict[str, Any], scope: Scope) -> Field:
    if "of" not in part:
        raise OptionError("a list needs 'of', the kind of its items", part.at, "such as of: string, of: crm.OrderLine")
    return fields.List(scope.field(part.part("of")), **common)


def _nested(part: Part, common: dict[str, Any], scope: Scope) -> Field:
    if ("of" in part) == ("fields" in part):
        raise OptionError("a nested field needs either 'of', the name of a type, or 'fields'", part.at)
    target = scope.reference(part.part("of")) if "of" in part else scope.inline(part)
    return fields.Nested(target, **common)


def _map(part: Part, common: dict[str, Any], scope: Scope) -> Field:
    return fields.Dict(
        keys=scope.field(part.part("keys")) if "keys" in part else None,
        values=scope.field(part.part("of")) if "of" in part else None,
        **common,
    )


_TEXT: Final = ("length", "regex", "one_of")
_NUMBER: Final = ("range", "one_of")
NUMBERS: Final = ("integer", "decimal", "float")

KINDS: Final[dict[str, Kind]] = {
    "string": Kind(_plain(fields.String), checks=_TEXT),
    "integer": Kind(_integer, ("strict", "decimal_mark", "group_mark"), _NUMBER),
    "decimal": Kind(_decimal, ("places", "rounding", "as_string", "decimal_mark", "group_mark"), _NUMBER),
    "float": Kind(_plain(fields.Float), ("decimal_mark", "group_mark"), _NUMBER),
    "boolean": Kind(_boolean, ("true_texts", "false_texts")),
    "date": Kind(_dated(fields.Date), ("format",), _NUMBER),
    "time": Kind(_dated(fields.Time), ("format",), _NUMBER),
    "datetime": Kind(_datetime, ("format", "zone", "naive"), _NUMBER),
    "email": Kind(_plain(fields.Email), checks=_TEXT),
    "url": Kind(_url, ("schemes",), _TEXT),
    "uuid": Kind(_plain(fields.UUID)),
    "enum": Kind(_enum, ("values",)),
    "list": Kind(_list, ("of",), ("length",)),
    "nested": Kind(_nested, ("of", "fields", "unknown", "rules")),
    "map": Kind(_map, ("of", "keys"), ("length",)),
    "any": Kind(_plain(fields.Raw), checks=("one_of",)),
}
