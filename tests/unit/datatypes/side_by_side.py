"""Schemas and data of every kind, and outcomes that can be compared: generated function and marshmallow, side by side."""

import datetime as dt
import decimal
import enum
import uuid
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates, validates_schema
from marshmallow.constants import EXCLUDE, INCLUDE, RAISE


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


TEXTS = st.sampled_from(
    [
        "",
        "a",
        "ab",
        " abc ",
        "1",
        "0",
        "-3",
        "1.5",
        "1e400",
        "nan",
        "inf",
        "true",
        "No",
        "RED",
        "b",
        "x@y.org",
        "http://a.org/",
    ]
)
DATES = st.sampled_from(
    [
        "2024-02-29",
        "2023-02-29",
        "20240229",
        "2024-02-29T10:00:00",
        "2024-02-29T10:00:00+02:00",
        "29.02.2024",
        "10:00",
        "10:00:61",
    ]
)
ATOMS = st.one_of(
    TEXTS,
    DATES,
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.just(10**400),
    st.floats(),
    st.sampled_from([decimal.Decimal("1.25"), decimal.Decimal("NaN"), decimal.Decimal("Infinity"), b"ab", b"\xff"]),
    st.sampled_from(
        [
            dt.date(2024, 1, 2),
            dt.datetime.fromisoformat("2024-01-02T03:00:00"),
            dt.datetime(2024, 1, 2, 3, tzinfo=dt.UTC),
            dt.time(1, 2),
        ]
    ),
    st.sampled_from([uuid.UUID(int=5), str(uuid.UUID(int=7)), Colour.RED]),
)
NAMES = st.sampled_from(["a", "b", "c", "it", "x-y", "d e", "name"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=2).map(tuple) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=8,
)


def short(value: Any) -> Any:
    return value[:3] if isinstance(value, str) else value


def not_five(value: Any) -> None:
    if value == 5:
        raise ValidationError("five")


ANY_VALIDATORS = [not_five, validate.NoneOf(["a"]), validate.OneOf(["a", "ab", "1", 0, 1, 2, None])]
TEXT_VALIDATORS = [
    validate.Length(min=1),
    validate.Length(max=3),
    validate.Length(min=1, max=4),
    validate.Length(equal=2),
    validate.OneOf(("a", "b", "c", "1", "ab", "RED")),
    validate.Equal("ab"),
    validate.Regexp("[a-z]+$"),
    validate.ContainsOnly("abc"),
]
NUMBER_VALIDATORS = [
    validate.Range(min=0),
    validate.Range(min=-3, max=1),
    validate.Range(max=3, max_inclusive=False),
    validate.Range(min=0, max=10, min_inclusive=False),
]


def validators(kind: str) -> st.SearchStrategy[list[Any]]:
    fit = {"text": TEXT_VALIDATORS, "number": NUMBER_VALIDATORS}.get(kind, [])
    none: st.SearchStrategy[list[Any]] = st.just([])
    right = st.lists(st.sampled_from(fit + ANY_VALIDATORS), max_size=2)
    return none | right | right | st.lists(st.sampled_from(TEXT_VALIDATORS + NUMBER_VALIDATORS), max_size=1)


@st.composite
def options(draw: st.DrawFn, kind: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"validate": draw(validators(kind))}
    match draw(st.integers(0, 5)):
        case 0 | 1:
            made["required"] = True
        case 2:
            made["load_default"] = draw(st.sampled_from([None, 3, "d", list]))
        case 3:
            made["dump_default"] = draw(st.sampled_from([3, "2024-01-01", dict]))
    if draw(st.booleans()):
        made["allow_none"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        made["data_key"] = draw(st.sampled_from(["a", "key", "k 2", ""]))
    if draw(st.integers(0, 5)) == 0:
        made["attribute"] = draw(st.sampled_from(["attr", "key", "a"]))
    if draw(st.integers(0, 5)) == 0:
        made["pre_load"] = short
    if draw(st.integers(0, 7)) == 0:
        made["post_load"] = str
    if draw(st.integers(0, 9)) == 0:
        made[draw(st.sampled_from(["load_only", "dump_only"]))] = True
    return made


class Shouting(fields.String):
    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> str:
        return super()._deserialize(value, attr, data, **more).upper()


LEAVES = (
    lambda o: fields.String(**o),
    lambda o: fields.Integer(**o),
    lambda o: fields.Integer(strict=True, **o),
    lambda o: fields.Integer(as_string=True, **o),
    lambda o: fields.Float(**o),
    lambda o: fields.Float(allow_nan=True, as_string=True, **o),
    lambda o: fields.Decimal(**o),
    lambda o: fields.Decimal(places=1, as_string=True, **o),
    lambda o: fields.Decimal(allow_nan=True, **o),
    lambda o: fields.Boolean(**o),
    lambda o: fields.Boolean(truthy=set(), **o),
    lambda o: fields.Boolean(truthy={"RED"}, falsy={None, "a"}, **o),
    lambda o: fields.Date(**o),
    lambda o: fields.Date(format="%d.%m.%Y", **o),
    lambda o: fields.DateTime(**o),
    lambda o: fields.DateTime(format="timestamp", **o),
    lambda o: fields.NaiveDateTime(timezone=dt.UTC, **o),
    lambda o: fields.NaiveDateTime(**o),
    lambda o: fields.AwareDateTime(default_timezone=dt.UTC, **o),
    lambda o: fields.AwareDateTime(**o),
    lambda o: fields.Time(**o),
    lambda o: fields.UUID(**o),
    lambda o: fields.Enum(Colour, **o),
    lambda o: fields.Enum(Colour, by_value=True, **o),
    lambda o: fields.Raw(**o),
    lambda o: fields.Dict(**o),
    lambda o: fields.Dict(keys=fields.String(), values=fields.Integer(allow_none=True), **o),
    lambda o: fields.Email(**o),
    lambda o: fields.Url(**o),
    lambda o: fields.List(fields.Integer(), **o),
    lambda o: fields.List(fields.String(allow_none=True, validate=validate.Length(max=2)), **o),
    lambda o: fields.Tuple((fields.String(), fields.Integer()), **o),
    lambda o: fields.TimeDelta(**o),
    lambda o: fields.Constant("k", **{k: v for k, v in o.items() if not k.endswith("default")}),
    lambda o: Shouting(**o),
    lambda o: fields.List(Shouting(), **o),
)


def kind_of(field: Any) -> str:
    if isinstance(field, fields.Integer | fields.Float | fields.Decimal):
        return "number"
    return "text" if isinstance(field, fields.String) else ""


def with_hooks(name: str, declared: dict[str, Any], meta: type, kind: int) -> type[Schema]:
    class Hooked(Schema):
        Meta = meta

    body: dict[str, Any] = {"Meta": meta, **declared}
    if kind == 1:

        @validates(*list(declared)[:2])
        def no_ab(self: Schema, value: Any, data_key: str) -> None:
            if value == "ab":
                raise ValidationError(f"{data_key} is ab")

        body["no_ab"] = no_ab
    if kind == 2:

        @validates_schema(pass_original=True)
        def few(self: Schema, data: Any, original: Any, **more: Any) -> None:
            if len(data) > 2:
                raise ValidationError("many", "a")

        body["few"] = few
    if kind == 3:

        @post_load
        def wrapped(self: Schema, data: Any, **more: Any) -> Any:
            return {"wrapped": data, "many": more["many"]}

        body["wrapped"] = wrapped
    return type(name, (Schema,), body)


@st.composite
def schemas(draw: st.DrawFn, depth: int = 2) -> type[Schema]:
    declared: dict[str, Any] = {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True)):
        choice = draw(st.integers(0, len(LEAVES) + (6 if depth else -1)))
        if choice < len(LEAVES):
            declared[name] = LEAVES[choice](draw(options(kind_of(LEAVES[choice]({})))))
            continue
        made = draw(options())
        inner = draw(schemas(depth - 1))
        unknown = draw(st.sampled_from([None, EXCLUDE, INCLUDE]))
        made.pop("load_default", None)
        match choice - len(LEAVES):
            case 0 | 1:
                declared[name] = fields.Nested(inner, unknown=unknown, **made)
            case 2:
                declared[name] = fields.Nested(inner, many=True, unknown=unknown, **made)
            case 3 | 4:
                declared[name] = fields.List(fields.Nested(inner, unknown=unknown), **made)
            case 5:
                declared[name] = fields.Dict(values=fields.Nested(inner), **made)
            case _:
                declared[name] = fields.Pluck(inner, next(iter(inner._declared_fields)), **made)
    policy = draw(st.sampled_from([RAISE, EXCLUDE, INCLUDE]))
    meta = type("Meta", (), {"unknown": policy, "register": False})
    made = with_hooks("Random", declared, meta, draw(st.integers(0, 7)))
    try:
        made()
    except ValueError:  # colliding keys or attributes: marshmallow refuses the schema itself
        reject()
    return made


@st.composite
def fitting(draw: st.DrawFn, schema: Schema) -> dict[str, Any]:
    """Data that have a fair chance to be valid."""
    data: dict[str, Any] = {}
    for name, field in schema.load_fields.items():
        if draw(st.integers(0, 11)):
            data[field.data_key if field.data_key is not None else name] = draw(fitting_value(field))
    if draw(st.integers(0, 7)) == 0:
        data["more"] = draw(ATOMS)
    return data


def fitting_value(field: Any) -> st.SearchStrategy[Any]:
    if isinstance(field, fields.Pluck):
        return VALUES
    if isinstance(field, fields.Nested):
        one = fitting(field.schema)
        return st.lists(one, max_size=2) if field.schema.many else one
    if isinstance(field, fields.List):
        return st.lists(fitting_value(field.inner), max_size=3)
    if isinstance(field, fields.Dict):
        return st.dictionaries(NAMES, fitting_value(field.value_field) if field.value_field else VALUES, max_size=2)
    if isinstance(field, fields.String):
        return TEXTS
    if isinstance(field, fields.Integer | fields.Float | fields.Decimal | fields.TimeDelta):
        return st.integers(-5, 5) | st.integers(-5, 5).map(str) | st.floats(-4, 4) | TEXTS
    if isinstance(field, fields.Boolean):
        return st.booleans() | st.sampled_from(["true", "No", "1", 0, 1.0, None, "RED", []])
    if isinstance(field, fields.Date | fields.DateTime | fields.Time):
        return DATES | st.sampled_from(
            [5, "7.5", None, dt.date(2024, 1, 2), dt.datetime.fromisoformat("2024-01-02T03:00:00")]
        )
    if isinstance(field, fields.Enum):
        return st.sampled_from(["RED", "BLUE", 1, "b", Colour.RED, None, ""])
    return ATOMS


def outcome(call: Any, value: Any) -> Any:
    """A comparable result: the value's repr (NaN equals itself, 1 differs from True and 1.0), or the error."""
    try:
        return ("value", canonical(call(value)))
    except ValidationError as error:
        return ("invalid", canonical(error.messages), canonical(error.valid_data))
    except Exception as error:
        return ("raises", type(error))


def canonical(value: Any) -> str:
    if isinstance(value, dict):  # unknown fields come in the order of a set in marshmallow
        return "{" + ", ".join(sorted(f"{key!r}: {canonical(item)}" for key, item in value.items())) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(canonical(item) for item in value) + "]"
    return repr(value)
