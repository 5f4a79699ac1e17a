"""Types declared in YAML become real marshmallow classes.

::

    types:
      Order:
        doc: What CRM sends
        unknown: raise                     # or exclude, include
        fields:
          id: {type: string, required: true, clean: [strip, upper], regex: "O-[0-9]+", data_key: orderId}
          total: {type: decimal, places: 2, range: {min: 0}}
          status: {type: enum, values: [new, paid], default: new}
          lines: {type: list, of: OrderLine, length: {min: 1}}
        rules:
          - {rule: sum, of: lines.amount, equals: total}

A field may be written as its kind alone (``name: string``); a type's name as kind nests it, one without a dot is of the same document.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validates_schema

from esb.datatypes.checks import CHECKS, parse_checks
from esb.datatypes.cleaning import Clean, parse_cleaning
from esb.datatypes.document import Findings, Part, shown
from esb.datatypes.kinds import KINDS, NUMBERS, Field, Kind
from esb.datatypes.layout import KEYS as LAYOUT
from esb.datatypes.rules import Rule, parse_rules
from esb.errors import ConfigError, OptionError, UnknownName

_COMMON: Final = (
    "type",
    "doc",
    "required",
    "allow_none",
    "default",
    "data_key",
    "load_only",
    "dump_only",
    "secret",
    "clean",
)
_TYPE: Final = ("doc", "unknown", "fields", "rules")
_POLICIES: Final = ("raise", "exclude", "include")

Reference = Callable[[Part], Callable[[], type[Schema] | Schema]]


class Declared(Schema):
    """What all types declared in YAML are; ``rules`` hold across fields."""

    rules: tuple[Rule, ...] = ()

    class Meta:
        """Not in marshmallow's registry of names: two documents may use one name."""

        register = False

    @validates_schema
    def check_rules(self, data: dict[str, Any], **_: Any) -> None:
        """Every rule is checked, so that all are reported."""
        errors: dict[str, list[str]] = {}
        for rule in self.rules:
            for field, message in rule.check(data):
                declared = self.fields.get(field)
                key = declared.data_key if declared is not None and declared.data_key is not None else field
                errors.setdefault(key or "_schema", []).append(message)
        if errors:
            raise ValidationError(errors)


def declare(name: str, part: Part, reference: Reference) -> type[Schema]:
    """The class of one declared type. Raises ConfigError, or ConfigErrors with all findings.

    ``reference`` gives a function that finds a type by the name in a part; it is called when the field is first used.
    """
    return _Declaration(name, reference).schema(part)


class _Declaration:
    """One type being read; keeps the contract of kinds.Scope."""

    def __init__(self, name: str, reference: Reference) -> None:
        self.name = name
        self.reference = reference

    def schema(self, part: Part) -> type[Schema]:
        """A type with ``fields``."""
        findings = Findings()
        made: dict[str, Field] = {}
        with findings.collect():
            part.allow(f"type {self.name!r}", _TYPE)
        if "fields" not in part:
            findings.errors.append(OptionError(f"the type {self.name!r} needs 'fields'", part.at))
            findings.done()
        with findings.collect():
            for field, spec in part.part("fields").entries(f"'fields' of {self.name!r}"):
                with findings.collect():
                    if not field or "." in field:
                        raise OptionError(
                            f"a field cannot be called {field!r}",
                            spec.at,
                            "name it without a dot and give that as 'data_key'",
                        )
                    made[field] = self.field(spec)
        unknown = part.take("unknown", str, "raise")
        if unknown not in _POLICIES:
            findings.errors.append(
                OptionError(f"'unknown' must be {', '.join(_POLICIES)}, not {unknown!r}", part.at_key("unknown"))
            )
        rules: tuple[Rule, ...] = ()
        with findings.collect():
            rules = parse_rules(part.part("rules"), made) if "rules" in part else ()
        findings.done()
        body = {"Meta": _meta(unknown, made), "rules": rules, "__doc__": part.take("doc", str, "")}
        if not rules:
            body["check_rules"] = None  # marshmallow then has no hook to call
        made_class: type[Schema] = type(self.name, (Declared,), body)
        try:
            made_class()
        except (ValueError, TypeError) as error:  # two fields with one data_key
            raise ConfigError(f"the type {self.name!r} is not possible: {error}", part.at) from error
        return made_class

    def inline(self, part: Part) -> type[Schema]:
        """A nested type without a name."""
        body = {key: value for key, value in part.value.items() if key in ("fields", "unknown", "rules")}
        return self.schema(Part(body, part._at, part.path))  # noqa: SLF001 - the same part without the field's own options

    def field(self, part: Part) -> Field:
        """One field, from its kind alone or a map of options."""
        if isinstance(part.value, str):
            return self._make(part.value, Part({"type": part.value}, lambda _: part.at))
        if not isinstance(part.value, dict):
            raise OptionError(f"a field is its kind or a map of options, not {shown(part.value)}", part.at)
        if "type" not in part and "fields" in part:
            return self._make("nested", part)
        return self._make(part.need("type", str, "a field"), part)

    def _make(self, name: str, spec: Part) -> Field:
        kind = KINDS.get(name)
        if kind is None:
            if "." not in name and not name[:1].isupper():
                raise UnknownName("kind of field", name, KINDS, spec.at_key("type"))
            target = self.reference(Part(name, lambda _: spec.at_key("type")))
            spec.allow(f"a field of type {name}", (*_COMMON, *LAYOUT))
            return self._finish(
                spec, lambda common: fields.Nested(target, **common), "nested", Kind(lambda *_: fields.Raw())
            )
        spec.allow(f"a field of kind {name}", (*_COMMON, *LAYOUT, *kind.options, *kind.checks))
        return self._finish(spec, lambda common: kind.make(spec, common, self), name, kind)

    def _finish(self, spec: Part, make: Callable[[dict[str, Any]], Field], name: str, kind: Kind) -> Field:
        required = spec.take("required", bool, default=False)
        allow_none = spec.take("allow_none", bool)
        steps, nulls = parse_cleaning(spec, number=name in NUMBERS)
        if nulls and allow_none is None and not required:
            allow_none = True  # a text that means nothing, in a field that may be missing
        common: dict[str, Any] = {
            "required": required,
            "allow_none": allow_none,
            "data_key": spec.take("data_key", str),
            "load_only": spec.take("load_only", bool, default=False),
            "dump_only": spec.take("dump_only", bool, default=False),
            "metadata": _metadata(spec),
        }
        if steps or nulls:
            missing = "Missing data for required field." if required else "Field may not be null."
            common["pre_load"] = Clean(steps, nulls, "" if allow_none else missing)
        if any(check in spec for check in CHECKS):
            bare = kind.make(spec, {}, self)
            common["validate"] = parse_checks(spec, lambda value, part: _converted(bare, value, part))
        if "default" in spec:
            if required:
                raise OptionError("a required field has no use for a 'default'", spec.at_key("default"))
            value = spec.value["default"]
            if value is not None:
                if name == "nested":
                    raise OptionError("a nested field has no 'default' but null", spec.at_key("default"))
                value = _converted(make(common), value, spec.part("default"))
            common["load_default"] = _fresh(value)
            common["dump_default"] = _fresh(value)
            if value is None and allow_none is None:
                common["allow_none"] = True
        return make(common)


def _meta(unknown: str, made: dict[str, Field]) -> type:
    # `include` takes names that a class attribute cannot have (a field called `fields` or `Meta`).
    return type("Meta", (Declared.Meta,), {"unknown": unknown, "include": made})


def _metadata(spec: Part) -> dict[str, Any]:
    found = {key: spec.value[key] for key in LAYOUT if key in spec}
    for key in ("start", "width"):
        if spec.take(key, int, 1) < 1:
            raise OptionError(f"{key!r} is counted from 1", spec.at_key(key))
    if len(spec.take("pad", str, " ")) != 1:
        raise OptionError("'pad' must be one character", spec.at_key("pad"))
    if spec.take("align", str, "left") not in ("left", "right"):
        raise OptionError("'align' must be left or right", spec.at_key("align"))
    spec.take("column", str)
    if "doc" in spec:
        found["description"] = spec.take("doc", str)
    if spec.take("secret", bool, default=False):
        found["secret"] = True
    return found


def _converted(field: Field, value: Any, part: Part) -> Any:
    """A value of the document as the field reads it."""
    try:
        return field.deserialize(value)
    except ValidationError as error:
        raise OptionError(f"{shown(value)} does not fit the field: {error.messages}", part.at) from error


def _fresh(value: Any) -> Any:
    """A default that nobody can change for the next message."""
    return (lambda: copy.deepcopy(value)) if isinstance(value, list | dict) else value
