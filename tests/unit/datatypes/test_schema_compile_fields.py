"""Every kind of field with every kind of value, and what the compiler refuses or repairs by falling back."""

import datetime as dt
import decimal
import uuid
from collections import OrderedDict
from typing import Any

import pytest
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_dump, post_load, pre_load, validate

from esb.datatypes.compile import Compiled, compile_dump, compile_load, compile_rows
from tests.unit.datatypes import side_by_side

VALUES: list[Any] = [
    *[
        "",
        " ",
        "a",
        "ab",
        "abc",
        "1",
        "0",
        "-3",
        " 7 ",
        "1_0",
        "1.5",
        "1e400",
        "nan",
        "inf",
        "-inf",
        "true",
        "No",
        "RED",
        "x@y.org",
    ],
    *[
        "2024-02-29",
        "2023-02-29",
        "29.02.2024",
        "2024-02-29T10:00:00",
        "2024-02-29T10:00:00+02:00",
        "10:00",
        "http://a.org/",
    ],
    *[
        None,
        True,
        False,
        -4,
        -3,
        0,
        1,
        2,
        3,
        4,
        10,
        10**400,
        -0.0,
        1.0,
        1.5,
        3.0,
        float("nan"),
        float("inf"),
        b"ab",
        b"\xff",
    ],
    *[decimal.Decimal("1.25"), decimal.Decimal("NaN"), decimal.Decimal("Infinity"), dt.date(2024, 1, 2), dt.time(1, 2)],
    *[
        dt.datetime.fromisoformat("2024-01-02T03:00:00"),
        dt.datetime(2024, 1, 2, 3, tzinfo=dt.UTC),
        uuid.UUID(int=5),
        str(uuid.UUID(int=7)),
    ],
    *[
        side_by_side.Colour.RED,
        [],
        ["a"],
        [1, None, "2"],
        ("a", 1),
        {},
        {"a": 1},
        {"a": "x", 1: 2},
        {1, 2},
        OrderedDict(a=1),
    ],
]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"required": True},
    {"allow_none": True},
    {"load_default": "d", "dump_default": 3},
    {"load_default": list, "pre_load": side_by_side.short},
    {"required": True, "pre_load": lambda value: value or None, "post_load": repr},
]
VALIDATORS = [*side_by_side.ANY_VALIDATORS, *side_by_side.TEXT_VALIDATORS, *side_by_side.NUMBER_VALIDATORS]


def one_field(field: fields.Field[Any]) -> Schema:
    return Schema.from_dict({"f": field})()


def used(compiled: Compiled, value: Any) -> bool:
    """Whether the generated code took the value itself."""
    try:
        compiled.call.__globals__["happy"](value)  # type: ignore[attr-defined]
    except Exception:
        return False
    return True


@pytest.mark.parametrize("make", side_by_side.LEAVES)
@pytest.mark.parametrize("options", OPTIONS)
def test_a_field_loads_and_dumps_every_value_as_marshmallow_does(make: Any, options: dict[str, Any]) -> None:
    if "load_default" in options and isinstance(make({}), fields.Constant):
        return
    schema = one_field(make(options))
    load, dump = compile_load(schema), compile_dump(schema)
    for value in [{}, *({"f": value} for value in VALUES), *VALUES]:
        assert side_by_side.outcome(load.call, value) == side_by_side.outcome(schema.load, value), value
        assert side_by_side.outcome(dump.call, value) == side_by_side.outcome(schema.dump, value), value


@pytest.mark.parametrize("validator", VALIDATORS)
def test_a_validator_decides_as_in_marshmallow(validator: Any) -> None:
    for field in (
        fields.Raw(validate=validator),
        fields.List(fields.Raw(validate=[validator, validator]), validate=validator),
    ):
        schema = one_field(field)
        load = compile_load(schema)
        for value in [*({"f": value} for value in VALUES), *({"f": [value]} for value in VALUES)]:
            assert side_by_side.outcome(load.call, value) == side_by_side.outcome(schema.load, value), value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (fields.String(validate=validate.Length(max=5)), "abc"),
        (fields.Integer(validate=validate.Range(min=1)), "12"),
        (fields.Float(), 3),
        (fields.Decimal(places=2), "12.5"),
        (fields.Boolean(), "true"),
        (fields.Date(), "2024-01-02"),
        (fields.Date(format="%d.%m.%Y"), "02.01.2024"),
        (fields.AwareDateTime(default_timezone=dt.UTC), "2024-01-02T03:04:05"),
        (fields.Email(), "a@b.org"),
        (fields.List(fields.Integer()), [1, 2]),
        (fields.Dict(values=fields.Float()), {"a": 1.0}),
        (fields.Nested({"x": fields.String(required=True)}), {"x": "y"}),
        (fields.Nested({"x": fields.String()}, many=True), [{"x": "y"}, {}]),
    ],
)
def test_common_values_take_the_generated_path(field: fields.Field[Any], value: Any) -> None:
    schema = one_field(field)
    load, dump = compile_load(schema), compile_dump(schema)
    assert used(load, {"f": value})
    assert used(dump, load.call({"f": value}))


def test_a_schema_with_pre_load_hooks_is_left_to_marshmallow() -> None:
    class Hooked(Schema):
        a = fields.Integer()

        @pre_load
        def count(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
            data["a"] += 1
            return data

    class Parent(Schema):
        child = fields.Nested(Hooked)
        b = fields.Integer()

    compiled = compile_load(Parent())
    assert "pre_load" in compiled.why_not
    with pytest.raises(ValidationError):
        compiled.call({"child": {"a": 1}, "b": "x"})
    assert compiled.call({"child": {"a": 1}, "b": 2}) == {"child": {"a": 2}, "b": 2}


def test_post_load_objects_come_out() -> None:
    class Hooked(Schema):
        a = fields.Integer()

        @post_load
        def wrap(self, data: dict[str, Any], **_: Any) -> Any:
            return complex(data["a"])

    class Parent(Schema):
        children = fields.List(fields.Nested(Hooked))

    compiled = compile_load(Parent())
    assert not compiled.why_not
    assert compiled.call({"children": [{"a": 1}]}) == {"children": [1 + 0j]}


def test_an_overridden_method_is_honoured() -> None:
    class Own(Schema):
        a = fields.Integer()

        def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
            return 42

    assert compile_dump(Own()).call({"a": 1}) == {"a": 42}


class Node(Schema):
    name = fields.String(required=True)
    children = fields.List(fields.Nested(lambda: Node()))  # noqa: PLW0108 - Node is not yet bound
    parent = fields.Nested(lambda: Node(only=("name",)), allow_none=True)


def test_a_recursive_type_loads_and_dumps() -> None:
    tree = {
        "name": "a",
        "children": [{"name": "b", "children": [{"name": "c", "parent": {"name": "b"}}]}],
        "parent": None,
    }
    schema = Node()
    load, dump = compile_load(schema), compile_dump(schema)
    assert used(load, tree)
    assert used(dump, tree)
    assert load.call(tree) == schema.load(tree)
    assert dump.call(tree) == schema.dump(tree)


def test_errors_deep_in_a_recursive_type_are_marshmallows() -> None:
    tree = {
        "name": "a",
        "children": [{"name": "b", "children": [{"name": 3, "parent": {"name": "b", "children": []}}]}],
    }
    schema = Node()
    assert side_by_side.outcome(compile_load(schema).call, tree) == side_by_side.outcome(schema.load, tree)


def test_a_diamond_of_types_does_not_grow_exponentially() -> None:
    inner: type[Schema] = Schema.from_dict({f"f{i}": fields.Integer() for i in range(10)})
    for level in range(8):
        inner = Schema.from_dict({side: fields.Nested(inner) for side in ("left", "right", f"only{level}")})
    compiled = compile_load(inner())
    assert not compiled.why_not
    assert len(compiled.source) < 200_000


def test_more_nested_lists_than_python_allows_fall_back() -> None:
    field: fields.Field[Any] = fields.Integer()
    value: Any = 1
    for _ in range(25):
        field, value = fields.List(field), [value]
    compiled = compile_load(one_field(field))
    assert compiled.why_not
    assert compiled.call({"f": value}) == {"f": value}


def test_the_error_has_no_trace_of_the_generated_code() -> None:
    with pytest.raises(ValidationError) as caught:
        compile_load(one_field(fields.Integer())).call({"f": "x"})
    assert caught.value.__context__ is None


@pytest.mark.parametrize("name", ["items", "keys", "values", "get", "copy"])
def test_a_missing_field_is_not_the_method_of_a_dict(name: str) -> None:
    class Inner(Schema):
        a = fields.Integer()
        b = fields.Raw()
        text = fields.Function(lambda value: sorted(dict(value)))

    declared: dict[str, Any] = {name: fields.List(fields.Nested(Inner)), "n": fields.Integer()}
    outer = Schema.from_dict({"child": fields.Nested(Schema.from_dict(declared))})()
    dump = compile_dump(outer)
    assert dump.call({"child": {"n": "1"}}) == {"child": {"n": 1}}
    assert dump.call({"child": {name: [{"a": 1}]}}) == {"child": {name: [{"a": 1, "text": ["a"]}]}}
    assert dump.call({"child": {name: ({"a": 1} for _ in "x")}})["child"][name][0]["a"] == 1


def test_a_generator_is_not_consumed_before_marshmallow_sees_it() -> None:
    schema = one_field(fields.List(fields.Integer()))
    assert compile_load(schema).call({"f": (i for i in range(3))}) == {"f": [0, 1, 2]}
    assert compile_dump(schema).call({"f": (i for i in range(3))}) == {"f": [0, 1, 2]}


class Row(Schema):
    class Meta:
        unknown = EXCLUDE

    id = fields.Integer(data_key="ID", required=True)
    name = fields.String(load_default="?")
    price = fields.Float()


def test_rows_load_in_the_order_of_their_header() -> None:
    load = compile_rows(Row(), ["price", "extra", "ID"])
    assert load is not None
    assert load(["1.5", "x", "7"]) == {"id": 7, "name": "?", "price": 1.5}


def test_a_row_of_another_length_is_refused() -> None:
    load = compile_rows(Row(), ["price", "ID"])
    assert load is not None
    with pytest.raises(ValueError, match="unpack"):
        load(["1.5"])


def test_hooks_that_run_on_both_paths_give_marshmallows_outcome() -> None:
    class Hooked(Schema):
        a = fields.Integer()
        twice = fields.Function(lambda value: value["a"] * 2, lambda value: int(value) // 2)

        @post_load(pass_collection=True)
        def listed(self, data: Any, many: bool, **_: Any) -> Any:
            return [data] if many else {"one": data}

        @post_dump(pass_original=True)
        def told(self, data: Any, original: Any, **_: Any) -> Any:
            return {**data, "was": original["a"]}

    schema = Hooked()
    load, dump = compile_load(schema), compile_dump(schema)
    assert (load.why_not, dump.why_not) == ("", "")
    assert load.call({"a": "1", "twice": "4"}) == schema.load({"a": "1", "twice": "4"})
    assert dump.call({"a": 1}) == schema.dump({"a": 1}) == {"a": 1, "twice": 2, "was": 1}
    many = one_field(fields.Nested(Hooked, many=True))
    assert "whole collection" in compile_load(many).why_not
    assert compile_load(many).call({"f": [{"a": 1}]}) == many.load({"f": [{"a": 1}]})


@pytest.mark.parametrize(("options", "why"), [({"partial": True}, "partially"), ({"many": True}, "collections")])
def test_options_of_a_schema_that_change_its_meaning_are_left_to_marshmallow(options: dict[str, Any], why: str) -> None:
    schema = Row(**options)
    value: Any = [{"ID": "1"}] if "many" in options else {}
    assert why in compile_load(schema).why_not
    assert compile_load(schema).call(value) == schema.load(value)


def test_rows_of_a_type_with_a_function_field_load() -> None:
    class Priced(Row):
        cents = fields.Function(deserialize=lambda value: int(value) * 100)

    load = compile_rows(Priced(), ["cents", "ID"])
    assert load is not None
    assert load(["3", "1"])["cents"] == 300
