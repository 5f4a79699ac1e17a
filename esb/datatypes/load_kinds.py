"""Generates ``Field._deserialize`` of the fields that marshmallow ships."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import functools
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from marshmallow import fields
from marshmallow.utils import is_aware

from esb.datatypes.compilable import unknown_policy

if TYPE_CHECKING:
    from esb.datatypes.load_code import LoadCode  # a cycle: a list or nested field writes its parts through it

_DATES: Final = 4096
"""Texts of dates remembered by each field with a format of its own: strptime takes 5 us, and dates of a file repeat."""


def emit(code: LoadCode, field: fields.Field[Any], value: str) -> None:
    """Code that converts the value in a name (never None), or raises."""
    _EMIT[type(field)](code, field, value)


def refuses_none(field: fields.Field[Any]) -> bool:
    """Whether the conversion raises by itself for None."""
    return not isinstance(field, fields.Raw | fields.Boolean | fields.DateTime | fields.Enum)


def _string(code: LoadCode, field: fields.String, value: str) -> None:  # noqa: ARG001 - one signature for all
    code.source.line(f"if {value}.__class__ is not str: raise Deviation")


def _integer(code: LoadCode, field: fields.Integer, value: str) -> None:
    if field.strict:
        code.source.line(f"if {value}.__class__ is not int: raise Deviation")
        return
    with code.source.block(f"if {value}.__class__ is not int:"):
        code.source.line(f"if {value}.__class__ is not str and {value}.__class__ is not float: raise Deviation")
        code.source.line(f"{value} = int({value})")


def _float(code: LoadCode, field: fields.Float, value: str) -> None:
    with code.source.block(f"if {value}.__class__ is not float:"):
        code.source.line(f"if {value}.__class__ is not str and {value}.__class__ is not int: raise Deviation")
        code.source.line(f"{value} = float({value})")
    if field.allow_nan is False:
        code.source.line(f"if not -1e999 < {value} < 1e999: raise Deviation")


def _decimal(code: LoadCode, field: fields.Decimal, value: str) -> None:
    if field.allow_nan:
        _own(code, field, value)
        return
    number = code.source.bind(decimal.Decimal, "Decimal")
    with code.source.block(f"if {value}.__class__ is str or {value}.__class__ is int:"):
        code.source.line(f"{value} = {number}({value})")
    with code.source.block(f"elif {value}.__class__ is float:"):
        code.source.line(f"{value} = {number}(str({value}))")
    with code.source.block(f"elif {value}.__class__ is not {number}:"):
        code.source.line("raise Deviation")
    code.source.line(f"if not {value}.is_finite(): raise Deviation")
    if field.places is not None:
        places, rounding = code.source.bind(field.places), code.source.bind(field.rounding)
        code.source.line(f"{value} = {value}.quantize({places}, rounding={rounding})")


def _boolean(code: LoadCode, field: fields.Boolean, value: str) -> None:
    if not field.truthy:
        code.source.line(f"{value} = bool({value})")
        return
    known = dict.fromkeys(field.falsy, False) | dict.fromkeys(field.truthy, True)
    code.source.line(f"{value} = {code.source.bind(known, 'BOOLEANS')}[{value}]")


def _raw(code: LoadCode, field: fields.Raw, value: str) -> None:
    """Any value as it is."""


def _temporal(code: LoadCode, field: Any, value: str) -> None:
    data_format = field.format or field.DEFAULT_FORMAT
    parse = field.DESERIALIZATION_FUNCS.get(data_format) or _remembering(field, data_format)
    kind, function = code.source.bind(getattr(dt, field.OBJ_TYPE)), code.source.bind(parse, "PARSE")
    # The class first: isinstance costs more, and most values are texts.
    code.source.line(f"if {value}.__class__ is str or not isinstance({value}, {kind}): {value} = {function}({value})")


def _remembering(field: Any, data_format: str) -> Callable[[Any], Any]:
    make = type(field)._make_object_from_format  # noqa: SLF001 - how marshmallow reads a format of its own

    @functools.lru_cache(_DATES)
    def parse(value: Any) -> Any:
        return make(value, data_format)

    return parse


def _naive(code: LoadCode, field: fields.NaiveDateTime, value: str) -> None:
    _temporal(code, field, value)
    with code.source.block(f"if {code.source.bind(is_aware)}({value}):"):
        if field.timezone is None:
            code.source.line("raise Deviation")
        else:
            zone = code.source.bind(field.timezone)
            code.source.line(f"{value} = {value}.astimezone({zone}).replace(tzinfo=None)")


def _aware(code: LoadCode, field: fields.AwareDateTime, value: str) -> None:
    _temporal(code, field, value)
    with code.source.block(f"if not {code.source.bind(is_aware)}({value}):"):
        if field.default_timezone is None:
            code.source.line("raise Deviation")
        else:
            code.source.line(f"{value} = {value}.replace(tzinfo={code.source.bind(field.default_timezone)})")


def _uuid(code: LoadCode, field: fields.UUID, value: str) -> None:  # noqa: ARG001 - as above
    kind = code.source.bind(uuid.UUID, "UUID")
    with code.source.block(f"if {value}.__class__ is not {kind}:"):
        code.source.line(f"if {value}.__class__ is not str: raise Deviation")
        code.source.line(f"{value} = {kind}({value})")


def _enum(code: LoadCode, field: fields.Enum[Any], value: str) -> None:
    kind = code.source.bind(field.enum, "Enum")
    if field.by_value is False:
        with code.source.block(f"if not isinstance({value}, {kind}):"):
            code.source.line(f"if {value}.__class__ is not str: raise Deviation")
            code.source.line(f"{value} = {kind}[{value}]")
    else:
        _own(code, field, value)


def _nested(code: LoadCode, field: fields.Nested, value: str) -> None:
    schema = field.schema
    unknown = unknown_policy(schema.unknown if field.unknown is None else field.unknown)
    if not (schema.many or field.many):
        code.source.line(f"{value} = {code.nested(schema, unknown, value, many=False)}")
        return
    if not schema.many:
        _own(code, field, value)  # marshmallow asks for a collection and then loads it as one object
        return
    with _each(code, value) as (item, append):
        code.source.line(f"{append}({code.nested(schema, unknown, item, many=True)})")


def _list(code: LoadCode, field: fields.List[Any], value: str) -> None:
    with _each(code, value) as (item, append):
        code.convert(field.inner, item, None, None)
        code.source.line(f"{append}({item})")


def _dict(code: LoadCode, field: Any, value: str) -> None:
    emit = code.source
    emit.line(f"if {value}.__class__ is not dict: raise Deviation")
    if not field.key_field and not field.value_field:
        emit.line(f"{value} = dict({value})")
        return
    result, key, item = emit.name("r"), emit.name(), emit.name()
    emit.line(f"{result} = {{}}")
    with emit.block(f"for {key}, {item} in {value}.items():"):
        if field.key_field:
            code.convert(field.key_field, key, None, None)
        if field.value_field:
            code.convert(field.value_field, item, None, None)
        emit.line(f"{result}[{key}] = {item}")
    emit.line(f"{value} = {result}")


@contextlib.contextmanager
def _each(code: LoadCode, value: str) -> Iterator[tuple[str, str]]:
    """Code that loads every item of a list into a new list under the same name; inside, the item's and append's names."""
    emit = code.source
    item, result, append = emit.name(), emit.name("r"), emit.name("append")
    # A generator must not be touched: marshmallow would find it empty in the fallback.
    emit.line(f"if {value}.__class__ is not list and {value}.__class__ is not tuple: raise Deviation")
    emit.line(f"{result} = []")
    emit.line(f"{append} = {result}.append")
    with emit.block(f"for {item} in {value}:"):
        yield item, append
    emit.line(f"{value} = {result}")


def _own(code: LoadCode, field: fields.Field[Any], value: str) -> None:
    """The field's own conversion, by a call."""
    deserialize = code.source.bind(field._deserialize, "CONVERT")  # noqa: SLF001 - deserialize() would validate twice
    code.source.line(f"{value} = {deserialize}({value}, {field.name!r}, None)")


_EMIT: Final[dict[type, Callable[[LoadCode, Any, str], None]]] = {
    fields.String: _string,
    fields.Email: _string,
    fields.Url: _string,
    fields.Integer: _integer,
    fields.Float: _float,
    fields.Decimal: _decimal,
    fields.Boolean: _boolean,
    fields.Raw: _raw,
    fields.Date: _temporal,
    fields.DateTime: _temporal,
    fields.NaiveDateTime: _naive,
    fields.AwareDateTime: _aware,
    fields.Time: _temporal,
    fields.UUID: _uuid,
    fields.Enum: _enum,
    fields.Nested: _nested,
    fields.List: _list,
    fields.Dict: _dict,
}
