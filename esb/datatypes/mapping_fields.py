"""Fields of a mapping, from their notation to compiled steps.

A target field is given by a path (``number: orderId``) or a map. Its source is one of

``field: path``; ``constant: value``; ``simple: text`` (jsonpath, jq, xpath, python, or ``expression: {language: ..., text: ...}``);
``first: [sources]``, the first that is not null; ``concat: [sources]``; ``join: {of: path or [sources], with: ", "}``;
``each: {from: path, when: condition, fields: {...}}`` or ``value: source`` in place of fields; ``fields: {...}`` with an optional ``from: path``.

and is then treated by, in this order, ``clean``, ``lookup``, ``date``, ``number``, ``as``, ``cut``, ``default``. ``when`` decides whether the
field is set at all, else ``else`` gives it. A list of maps means the first whose ``when`` holds. Paths begin at the current value (the item,
inside ``each``); ``$.path`` begins at the root and ``.`` is the current value itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema, fields

from esb.coerce import truthy
from esb.datatypes.cleaning import Clean, parse_cleaning
from esb.datatypes.conditions import parse_condition
from esb.datatypes.convert import Convert, parse_as, parse_cut, parse_date, parse_number
from esb.datatypes.document import Findings, Part, shown
from esb.datatypes.lookups import parse_lookup
from esb.datatypes.paths import MISSING, resolve
from esb.datatypes.plans import EachPlan, ObjectPlan, PathStep, Step, Treated
from esb.datatypes.shapes import ANYTHING, Shape, fit, shape_of
from esb.datatypes.steps import When, alternatives, conditional, constant, defaulted, first, joined
from esb.datatypes.table_files import Tables
from esb.errors import NOWHERE, ConfigError, OptionError, UnknownName, did_you_mean

CompileExpression = Callable[[str, str], Callable[[Any], Any]]

LANGUAGES: Final = ("simple", "jsonpath", "jq", "xpath", "python")
_SOURCES: Final = ("field", "constant", "first", "concat", "join", "each", "fields", "expression", *LANGUAGES)
_TREATMENTS: Final = ("clean", "lookup", "date", "number", "as", "cut")
_OPTIONS: Final = (*_SOURCES, "from", "when", "else", "default", *_TREATMENTS)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a field's notation may refer to."""

    source: Schema | None
    """Of the current value; None where it may be anything."""
    root: Schema | None
    tables: Tables
    compile_expression: CompileExpression | None
    outside: bool
    """Whether results go through the target's ``load`` and so carry its data keys."""


@dataclass(frozen=True, slots=True)
class Made:
    """A compiled source and what is known of its values."""

    step: Step
    shape: Shape = ANYTHING


def parse_fields(part: Part, scope: Scope, target: Schema | None, name: str) -> ObjectPlan:
    """The plan of a map of target fields; ``name`` is the target's, for messages. Raises ConfigError with all findings."""
    findings = Findings()
    tree: dict[str, Any] = {}
    for path, spec in part.entries("'fields'"):
        with findings.collect():
            _plant(tree, path, spec)
    plan = _grow(tree, scope, target, name, findings=findings, part=part)
    findings.done()
    return plan


def _plant(tree: dict[str, Any], path: str, spec: Part) -> None:
    """Dotted targets as a tree: ``customer.name`` below ``customer``."""
    *above, last = path.split(".")
    for step in above:
        tree = tree.setdefault(step, {})
        if isinstance(tree, Part):
            raise OptionError(f"{step!r} is mapped as a whole already", spec.at)
    if last in tree or not last:
        raise OptionError(f"{path!r} is mapped in two ways" if last else f"{path!r} is no path", spec.at)
    tree[last] = spec


def _grow(
    tree: dict[str, Any], scope: Scope, target: Schema | None, name: str, *, findings: Findings, part: Part
) -> ObjectPlan:
    planned: list[tuple[str, str, Step]] = []
    for field, spec in tree.items():
        at = spec.at if isinstance(spec, Part) else next(_specs(spec)).at
        with findings.collect():
            declared = _target_field(target, field, name, at)
            key = field if declared is None else _key(field, declared, outside=scope.outside)
            if isinstance(spec, dict):
                below = shape_of(declared)
                if declared is not None and below.schema is None and below.kind not in ("map", "any"):
                    raise UnknownName(
                        "target field", f"{next(iter(spec))} of {field!r}", (), at, f"a {below} has no fields"
                    )
                inside = _grow(spec, scope, below.schema, f"{name}.{field}", findings=findings, part=part)
                planned.append((field, key, ObjectPlan(inside.fields, optional=True)))
            else:
                planned.append((field, key, parse_field(spec, scope, declared, f"{name}.{field}")))
    if target is not None:
        findings.errors.extend(_unmapped(target, set(tree), scope, name, part))
    return ObjectPlan(planned)


def _specs(tree: dict[str, Any]) -> Any:
    for spec in tree.values():
        if isinstance(spec, Part):
            yield spec
        else:
            yield from _specs(spec)


def _target_field(target: Schema | None, field: str, name: str, at: Any) -> fields.Field[Any] | None:
    if target is None:
        return None
    declared = target.fields.get(field)
    if declared is None:
        if target.unknown == "include":
            return None
        raise UnknownName(
            "target field", field, target.fields, at, did_you_mean(field, target.fields) or f"not in {name}"
        )
    if declared.dump_only:
        raise OptionError(f"the field {field!r} of {name} is dump_only: nothing can set it", at)
    return declared


def _key(field: str, declared: fields.Field[Any], *, outside: bool) -> str:
    if outside:
        return declared.data_key if declared.data_key is not None else field
    return declared.attribute or field


def _unmapped(target: Schema, mapped: set[str], scope: Scope, name: str, part: Part) -> list[ConfigError]:
    found: list[ConfigError] = []
    for field, declared in target.load_fields.items():
        if declared.required and field not in mapped:
            near = did_you_mean(field, scope.source.fields) if scope.source is not None else ""
            hint = f"from the source: {near}" if near.startswith("did") else "map it, or give a constant"
            found.append(OptionError(f"the required field {field!r} of {name} is not mapped", part.at, hint))
    return found


def parse_field(part: Part, scope: Scope, target: fields.Field[Any] | None, name: str) -> Step:
    """The step of one target field, with what makes its values fit it."""
    wanted = shape_of(target)
    made = _source(part, scope, wanted, name)
    try:
        convert = fit(made.shape, wanted, outside=scope.outside)
    except ValueError as error:
        raise OptionError(f"a {made.shape} does not fit {name}, a {wanted}", part.at, str(error)) from error
    return made.step if convert is None else Treated(made.step, [convert], many=False)


def _source(part: Part, scope: Scope, wanted: Shape, name: str) -> Made:
    """A source with its treatment: a path, a map, or a list of alternatives."""
    if isinstance(part.value, str):
        return _path(part, scope)
    if isinstance(part.value, list):
        several = [_source(item, scope, wanted, name) for item in part.items("the alternatives")]
        return Made(alternatives([one.step for one in several]), _common(several))
    part.allow("a mapped field", _OPTIONS)
    given = [key for key in _SOURCES if key in part]
    if not given and "lookup" in part:
        given = ["lookup"]
    if len(given) != 1:
        what = f"has {' and '.join(given)}" if given else "has no source"
        raise OptionError(f"{name} {what}", part.at, "give one of: " + ", ".join(_SOURCES))
    made = _MAKE.get(given[0], _expression)(part, scope, wanted, name)
    made = _treatment(part, scope, made)
    if "default" in part:
        made = dataclasses.replace(made, step=defaulted(made.step, part.value["default"]))
    if "when" in part:
        otherwise = _source(part.part("else"), scope, wanted, name) if "else" in part else None
        when = _when(part.part("when"), scope)
        step = conditional(when, made.step, None if otherwise is None else otherwise.step)
        return Made(step, made.shape if otherwise is None else _common([made, otherwise]))
    if "else" in part:
        raise OptionError("'else' needs 'when'", part.at_key("else"))
    return made


def _path(part: Part, scope: Scope) -> Made:
    path = part.value
    if not isinstance(path, str) or not path:
        raise OptionError(f"a path is a text, not {shown(path)}", part.at)
    if path == ".":
        return Made(PathStep(()))
    if path == "$":
        return Made(PathStep((), from_root=True))
    if path.startswith("$."):
        found = resolve(scope.root, path[2:], part.at, "source field")
        return Made(PathStep(found.keys, from_root=True), shape_of(found.field, many=found.many))
    found = resolve(scope.source, path, part.at, "source field")
    return Made(PathStep(found.keys), shape_of(found.field, many=found.many))


def _field(part: Part, scope: Scope, wanted: Shape, name: str) -> Made:  # noqa: ARG001 - one signature for all sources
    return _path(part.part("field"), scope)


def _constant(part: Part, scope: Scope, wanted: Shape, name: str) -> Made:  # noqa: ARG001 - as above
    return Made(constant(part.value["constant"]))


def _first(part: Part, scope: Scope, wanted: Shape, name: str) -> Made:
    made = [_source(item, scope, wanted, name) for item in part.part("first").items("'first'")]
    if not made:
        raise OptionError("'first' needs sources", part.at_key("first"))
    return Made(first([one.step for one in made]), _common(made))


def _concat(part: Part, scope: Scope, wanted: Shape, name: str) -> Made:  # noqa: ARG001 - as above
    steps = [_source(item, scope, ANYTHING, name).step for item in part.part("concat").items("'concat'")]
    return Made(joined(steps, ""), Shape("string"))


def _join(part: Part, scope: Scope, wanted: Shape, name: str) -> Made:  # noqa: ARG001 - as above
    join = part.part("join")
    join.allow("'join'", ("of", "with"))
    of = join.part("of") if "of" in join else None
    if of is None:
        raise OptionError("'join' needs 'of', a path to a list or a list of sources", join.at)
    steps = [
        _source(item, scope, ANYTHING, name).step for item in (of.items("'of'") if isinstance(of.value, list) else [of])
    ]
    return Made(joined(steps, join.take("with", str, "")), Shape("string"))


def _each(part: Part, scope: Scope, wanted: Shape, name: str) -> Made:
    each = part.part("each")
    each.allow("'each'", ("from", "when", "fields", "value"))
    each.need("from", str, "'each'")
    items = _path(each.part("from"), scope)
    if items.shape.kind and items.shape.kind != "any" and not items.shape.many:
        raise OptionError(f"'each' needs a list, and {each.value['from']!r} is a {items.shape}", each.at_key("from"))
    if ("fields" in each) == ("value" in each):
        raise OptionError("'each' needs either 'fields' or 'value'", each.at)
    inside = dataclasses.replace(scope, source=items.shape.schema)
    when = _when(each.part("when"), inside) if "when" in each else None
    if "value" in each:
        one = _source(each.part("value"), inside, dataclasses.replace(wanted, many=False), name)
        return Made(EachPlan(items.step, one.step, when), dataclasses.replace(one.shape, many=bool(one.shape.kind)))
    if wanted.kind and not wanted.many:
        raise OptionError(f"'each' makes a list, and {name} is a {wanted}", each.at)
    plan = parse_fields(each.part("fields"), inside, wanted.schema, f"{name}[]")
    return Made(EachPlan(items.step, plan, when))


def _object(part: Part, scope: Scope, wanted: Shape, name: str) -> Made:
    if wanted.kind and (wanted.many or (wanted.schema is None and wanted.kind not in ("map", "any"))):
        raise OptionError(f"'fields' make an object, and {name} is a {wanted}", part.at_key("fields"))
    if "from" not in part:
        return Made(parse_fields(part.part("fields"), scope, wanted.schema, name))
    origin = _path(part.part("from"), scope)
    if origin.shape.many or (
        origin.shape.kind and origin.shape.schema is None and origin.shape.kind not in ("map", "any")
    ):
        raise OptionError(
            f"'from' needs an object, and {part.value['from']!r} is a {origin.shape}", part.at_key("from")
        )
    inside = dataclasses.replace(scope, source=origin.shape.schema)
    plan = parse_fields(part.part("fields"), inside, wanted.schema, name)
    return Made(ObjectPlan(plan.fields, origin.step))


def _expression(part: Part, scope: Scope, wanted: Shape, name: str) -> Made:  # noqa: ARG001 - as above
    if "expression" in part:
        given = part.part("expression")
        given.allow("'expression'", ("language", "text"))
        language, text = given.need("language", str, "'expression'"), given.need("text", str, "'expression'")
        return Made(_compiled(language, text, given, scope))
    language = next(language for language in LANGUAGES if language in part)
    return Made(_compiled(language, part.take(language, str), part.part(language), scope))


def _compiled(language: str, text: str, part: Part, scope: Scope) -> Step:
    if scope.compile_expression is None:
        raise OptionError("expressions cannot be used here: no languages are at hand", part.at)
    try:
        evaluate = scope.compile_expression(language, text)
    except ConfigError as error:
        if error.at == NOWHERE:
            error.at = part.at
        raise
    return lambda value, _: evaluate(value)


def _lookup_alone(part: Part, scope: Scope, wanted: Shape, name: str) -> Made:  # noqa: ARG001 - as above
    """``lookup: {table: ..., key: path}``: the key is the source, several paths make a key of several columns."""
    lookup = part.part("lookup")
    if "key" not in lookup:
        raise OptionError(f"{name} has no source", part.at, "give 'field', or 'key' in the lookup")
    key = lookup.part("key")
    if not isinstance(key.value, list):
        return _path(key, scope)
    steps = [_source(item, scope, ANYTHING, name).step for item in key.items("'key'")]

    def keys(value: Any, root: Any) -> Any:
        found = [step(value, root) for step in steps]
        return MISSING if any(one is MISSING or one is None for one in found) else found

    return Made(keys)


_MAKE: Final[dict[str, Callable[[Part, Scope, Shape, str], Made]]] = {
    "field": _field,
    "constant": _constant,
    "first": _first,
    "concat": _concat,
    "join": _join,
    "each": _each,
    "fields": _object,
    "lookup": _lookup_alone,
}


def _treatment(part: Part, scope: Scope, made: Made) -> Made:
    converts: list[Convert] = []
    kind = made.shape.kind
    if "clean" in part:
        steps, nulls = parse_cleaning(part, number=False)
        converts.append(Clean(steps, nulls))
    if "lookup" in part:
        converts.append(parse_lookup(part.part("lookup"), scope.tables))
        kind = ""
    for option, parse in (("date", parse_date), ("number", parse_number), ("as", parse_as), ("cut", parse_cut)):
        if option in part:
            convert, kind = parse(part.part(option))
            converts.append(convert)
    if not converts:
        return made
    return Made(Treated(made.step, converts, many=made.shape.many), Shape(kind, made.shape.many and bool(kind)))


def _when(part: Part, scope: Scope) -> When:
    """A condition of the current value and the root."""
    languages = [key for key in (*LANGUAGES, "expression") if key in part]
    if languages:
        part.allow("a condition", languages[:1])
        evaluate = _expression(part, scope, ANYTHING, "a condition").step
        return lambda pair: truthy(evaluate(*pair))

    def path(found: Part) -> Callable[[Any], Any]:
        step = _path(found, scope).step
        return lambda pair: step(*pair)

    return parse_condition(part, path)


def _common(made: list[Made]) -> Shape:
    """The shape, if all have the same."""
    shapes = {one.shape for one in made}
    return shapes.pop() if len(shapes) == 1 else ANYTHING
