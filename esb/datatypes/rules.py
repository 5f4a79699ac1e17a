"""Rules across the fields of a type declared in YAML.

=============  =========================================================================================
``sum``        ``{rule: sum, of: lines.amount, equals: total, tolerance: 0.01}``; ``of: [net, vat]``;
               ``{rule: sum, of: lines, multiply: [quantity, price], equals: total}``
``count``      ``{rule: count, of: lines, equals: line_count}``
``unique``     ``{rule: unique, of: lines.sku}``
``compare``    ``{rule: compare, left: start, is: at_most, right: end}``; is: equals, not_equals, above, at_least, below, at_most
``required_if``  ``{rule: required_if, field: vat_id, when: {field: country, not_equals: DE}}``
``any_of``     ``{rule: any_of, fields: [phone, email]}``: at least one
``one_of``     ``{rule: one_of, fields: [iban, card]}``: not more than one
``checksum``   ``{rule: checksum, algorithm: mod10, field: card}`` (mod10, mod97, iban);
               ``{rule: checksum, algorithm: sha256, of: [id, total], separator: "|", field: digest}`` (crc32, sha256)
=============  =========================================================================================

Each may have a ``message`` of its own. Except for the required ones, a rule is silent where a field it needs is missing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass
from dataclasses import field as declared
from decimal import Decimal
from typing import Any, Final

from esb.datatypes.checksums import DIGESTS, DIGITS, digest_fits
from esb.datatypes.conditions import is_present, parse_condition
from esb.datatypes.document import Findings, Part, shown
from esb.datatypes.paths import MISSING, Getter, getter
from esb.errors import OptionError, Position, UnknownName

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Fields:
    """The names a rule may begin a path with, and the paths it uses: what lies deeper is checked when all types are known."""

    names: Collection[str]
    used: list[tuple[str, Position]] = declared(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rule:
    """``test`` is true for data that keep it; ``field`` and ``message`` report those that do not."""

    name: str
    field: str
    message: str
    test: Test
    paths: tuple[tuple[str, Position], ...] = ()
    """Paths it reads and where they stand, still to be checked against the nested types."""

    def check(self, data: Any) -> list[tuple[str, str]]:
        """Field and message, if the data break the rule; data that it cannot be computed on do."""
        try:
            kept = self.test(data)
        except (TypeError, ValueError, ArithmeticError):  # a text among numbers, a naive beside an aware date-time
            kept = False
        return [] if kept else [(self.field, self.message)]


def parse_rules(part: Part, names: Collection[str]) -> tuple[Rule, ...]:
    """The rules of a type with these fields. Raises ConfigError with all findings."""
    findings = Findings()
    rules = []
    for item in part.items("'rules'"):
        with findings.collect():
            name = item.need("rule", str, "a rule")
            if name not in _RULES:
                raise UnknownName("rule", name, _RULES, item.at_key("rule"))
            options, make = _RULES[name]
            item.allow(f"the rule {name!r}", ("rule", "message", *options))
            fields = Fields(names)
            reported, message, test = make(item, fields)
            rules.append(Rule(name, reported, item.take("message", str, message), test, tuple(fields.used)))
    findings.done()
    return tuple(rules)


Made = tuple[str, str, Test]


def _sum(part: Part, fields: Fields) -> Made:
    total = _field(part, "equals", fields)
    tolerance = _number(part.take("tolerance", (int, float), 0))
    target = getter((total,))
    factors = part.texts("multiply")
    if factors:
        rows = _path(part, "of", fields)
        fields.used.extend((f"{part.value['of']}.{factor}", part.at_key("multiply")) for factor in factors)
        amounts = _products(rows, [getter(tuple(factor.split("."))) for factor in factors])
        what = f"the sum of {part.value['of']} ({' x '.join(factors)})"
    else:
        addends = _paths(part, "of", fields)
        amounts = _values(addends)
        what = f"the sum of {', '.join(part.texts('of'))}"

    def test(data: Any) -> bool:
        wanted, found = target(data), amounts(data)
        if wanted is MISSING or wanted is None or found is None:
            return True
        return abs(sum(map(_number, found), Decimal(0)) - _number(wanted)) <= tolerance

    return total, f"Must be {what}.", test


def _values(addends: list[Getter]) -> Callable[[Any], list[Any] | None]:
    def amounts(data: Any) -> list[Any] | None:
        found: list[Any] = []
        for get in addends:
            value = get(data)
            if value is MISSING:
                return None
            found.extend(_flat(value))
        return [value for value in found if value is not None]

    return amounts


def _products(rows: Getter, factors: list[Getter]) -> Callable[[Any], list[Any] | None]:
    def amounts(data: Any) -> list[Any] | None:
        found = rows(data)
        if not isinstance(found, list):
            return None
        products = []
        for row in found:
            product = Decimal(1)
            for get in factors:
                value = get(row)
                if value is MISSING or value is None:
                    return None
                product *= _number(value)
            products.append(product)
        return products

    return amounts


def _count(part: Part, fields: Fields) -> Made:
    field, get = _field(part, "equals", fields), _path(part, "of", fields)
    wanted = getter((field,))

    def test(data: Any) -> bool:
        found, number = get(data), wanted(data)
        return not isinstance(found, list) or not is_present(number) or len(found) == number

    return field, f"Must be the number of {part.value['of']}.", test


def _unique(part: Part, fields: Fields) -> Made:
    get = _path(part, "of", fields)

    def test(data: Any) -> bool:
        found = get(data)
        if not isinstance(found, list):
            return True
        keys = [item if isinstance(item, str) else repr(item) for item in found]
        return len(set(keys)) == len(keys)

    return part.value["of"].split(".")[0], f"{part.value['of']} must be unique.", test


_COMPARE: Final[dict[str, tuple[Callable[[Any, Any], bool], str]]] = {
    "equals": (operator.eq, "equal to"),
    "not_equals": (operator.ne, "different from"),
    "above": (operator.gt, "above"),
    "at_least": (operator.ge, "at least"),
    "below": (operator.lt, "below"),
    "at_most": (operator.le, "at most"),
}


def _compare(part: Part, fields: Fields) -> Made:
    word = part.need("is", str, "the rule 'compare'")
    if word not in _COMPARE:
        raise UnknownName("comparison", word, _COMPARE, part.at_key("is"))
    compare, said = _COMPARE[word]
    left, right = _path(part, "left", fields), _path(part, "right", fields)

    def test(data: Any) -> bool:
        one, other = left(data), right(data)
        if not is_present(one) or not is_present(other):
            return True
        return compare(one, other)

    return part.value["left"].split(".")[0], f"Must be {said} {part.value['right']}.", test


def _required_if(part: Part, fields: Fields) -> Made:
    field = _field(part, "field", fields)
    get = getter((field,))
    if "when" not in part:
        raise OptionError("the rule 'required_if' needs 'when'", part.at)
    when = parse_condition(part.part("when"), lambda path: _getter(path, fields))
    return field, "Missing data for required field.", lambda data: is_present(get(data)) or not when(data)


def _number_present(part: Part, fields: Fields) -> tuple[list[str], Callable[[Any], int]]:
    names = part.texts("fields")
    gets = _paths(part, "fields", fields)
    if len(names) < 2:
        raise OptionError("'fields' needs two or more fields", part.at)
    return names, lambda data: sum(is_present(get(data)) for get in gets)


def _any_of(part: Part, fields: Fields) -> Made:
    names, number = _number_present(part, fields)
    return "", f"One of {', '.join(names)} is required.", lambda data: number(data) >= 1


def _one_of(part: Part, fields: Fields) -> Made:
    names, number = _number_present(part, fields)
    return "", f"Only one of {', '.join(names)} may be given.", lambda data: number(data) <= 1


def _checksum(part: Part, fields: Fields) -> Made:
    algorithm = part.need("algorithm", str, "the rule 'checksum'")
    field = _field(part, "field", fields)
    given = getter((field,))
    if algorithm in DIGITS:
        fits = DIGITS[algorithm]
        if "of" in part:
            raise OptionError(f"{algorithm} checks the field itself; 'of' is for digests", part.at_key("of"))
        return (
            field,
            f"Check digits ({algorithm}) are wrong.",
            lambda data: not is_present(given(data)) or fits(str(given(data))),
        )
    if algorithm not in DIGESTS:
        raise UnknownName("algorithm", algorithm, [*DIGITS, *DIGESTS], part.at_key("algorithm"))
    covered = _paths(part, "of", fields)
    separator = part.take("separator", str, "")

    def test(data: Any) -> bool:
        digest = given(data)
        if not is_present(digest):
            return True
        values = [value for get in covered for value in _flat(get(data))]
        text = separator.join("" if value is None or value is MISSING else str(value) for value in values)
        return digest_fits(algorithm, text.encode(), str(digest))

    return field, f"The checksum ({algorithm}) is wrong.", test


_RULES: Final[dict[str, tuple[tuple[str, ...], Callable[[Part, Fields], Made]]]] = {
    "sum": (("of", "multiply", "equals", "tolerance"), _sum),
    "count": (("of", "equals"), _count),
    "unique": (("of",), _unique),
    "compare": (("left", "is", "right"), _compare),
    "required_if": (("field", "when"), _required_if),
    "any_of": (("fields",), _any_of),
    "one_of": (("fields",), _one_of),
    "checksum": (("algorithm", "field", "of", "separator"), _checksum),
}


def _field(part: Part, key: str, fields: Fields) -> str:
    name: str = part.need(key, str, "the rule")
    if name not in fields.names:
        raise UnknownName("field", name, fields.names, part.at_key(key))
    return name


def _path(part: Part, key: str, fields: Fields) -> Getter:
    part.need(key, str, "the rule")
    return _getter(part.part(key), fields)


def _paths(part: Part, key: str, fields: Fields) -> list[Getter]:
    if not part.texts(key):
        raise OptionError(f"the rule needs {key!r}", part.at)
    value = part.part(key)
    return [_getter(item, fields) for item in ([value] if isinstance(value.value, str) else value.items(f"{key!r}"))]


def _getter(part: Part, fields: Fields) -> Getter:
    """A path from the type's own fields. What is below them is another type's affair, perhaps not yet read."""
    first, *rest = str(part.value).split(".")
    if first not in fields.names:
        raise UnknownName("field", first, fields.names, part.at)
    fields.used.append((str(part.value), part.at))
    return getter((first, *rest))


def _flat(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [inner for item in value for inner in _flat(item)]


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise TypeError(f"{shown(value)} is no number")
    return value if isinstance(value, Decimal) else Decimal(str(value))
