"""Generates the function that dumps plain values: the happy path of ``Schema.dump`` as straight code.

It takes dicts (what ``load`` gives) whose values have the usual classes; for objects and odd values it raises, and the caller asks marshmallow.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable, Hashable
from typing import Any, Final

from marshmallow import Schema, fields
from marshmallow.constants import missing
from marshmallow.decorators import POST_DUMP

from esb.datatypes.compilable import Uncompilable, check_dump, hooks, identity, is_plain
from esb.datatypes.shield import get_value
from esb.datatypes.source import Source

_INLINE_DEPTH: Final = 5
_INLINE_FIELDS: Final = 100


class DumpCode:
    """Writes one schema and all it nests. Raises Uncompilable if any part must be left to marshmallow."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.missing = source.bind(missing, "MISSING")
        self._functions: dict[Hashable, str] = {}
        self._wanted: list[tuple[str, Schema, bool]] = []
        self._inside: list[Hashable] = []
        self._fields = 0

    def root(self, name: str, schema: Schema) -> None:
        """A function ``name(value)`` that gives the dumped value, or raises anything."""
        if schema.many:
            raise Uncompilable("it dumps collections (many)")
        self._functions[identity(schema, False)] = name
        self._wanted.append((name, schema, False))
        while self._wanted:
            name, schema, many = self._wanted.pop()
            self._fields = 0
            self._inside = [identity(schema, many)]
            with self.source.block(f"def {name}(o):"):
                self.source.line(f"return {self._inline(schema, 'o', many=many)}")

    def _nested(self, schema: Schema, data: str, *, many: bool) -> str:
        key = identity(schema, many)
        known = self._functions.get(key)
        if known is None and (
            key in self._inside or len(self._inside) >= _INLINE_DEPTH or self._fields >= _INLINE_FIELDS
        ):
            known = self._functions[key] = self.source.name("dump")
            self._wanted.append((known, schema, many))
        if known is not None:
            result = self.source.name()
            self.source.line(f"{result} = {known}({data})")
            return result
        self._inside.append(key)
        result = self._inline(schema, data, many=many)
        self._inside.pop()
        return result

    def _inline(self, schema: Schema, data: str, *, many: bool) -> str:
        check_dump(schema, many)
        emit = self.source
        emit.line(f"if {data}.__class__ is not dict: raise Deviation")
        get, result = emit.name("get"), emit.name("r")
        emit.line(f"{get} = {data}.get")
        emit.line(f"{result} = {{}}")
        for name, field in schema.dump_fields.items():
            self._fields += 1
            key = field.data_key if field.data_key is not None else name
            value = emit.name()
            if not is_plain(field) or "." in (field.attribute or name):
                accessor = emit.bind(get_value(schema), "GET")
                emit.line(f"{value} = {emit.bind(field.serialize, 'FIELD')}({name!r}, {data}, accessor={accessor})")
                emit.line(f"if {value} is not {self.missing}: {result}[{key!r}] = {value}")
                continue
            self._get(field, name if field.attribute is None else field.attribute, get, value)
            with emit.block(f"if {value} is not {self.missing}:"):
                self._value(field, value, name, data)
                emit.line(f"{result}[{key!r}] = {value}")
        for finish, options in hooks(schema, POST_DUMP):
            original = f"{data}, " if options.get("pass_original") else ""
            emit.line(f"{result} = {emit.bind(finish, 'POST')}({result}, {original}many={many})")
        return result

    def _get(self, field: fields.Field[Any], attribute: str, get: str, value: str) -> None:
        emit = self.source
        emit.line(f"{value} = {get}({attribute!r}, {self.missing})")
        if field.dump_default is not missing:
            default = emit.bind(field.dump_default, "DEFAULT")
            emit.line(
                f"if {value} is {self.missing}: {value} = {default}{'()' if callable(field.dump_default) else ''}"
            )

    def _value(self, field: fields.Field[Any], value: str, name: str, data: str) -> None:
        """``Field._serialize`` of the value in a name (possibly None), into the same name."""
        own = self.source.bind(field._serialize, "SERIALIZE")  # noqa: SLF001 - what marshmallow's containers call, too
        write = _EMIT.get(type(field)) if is_plain(field) else None
        call = f"{own}({value}, {name!r}, {data})"
        if write is None:
            self.source.line(f"{value} = {call}")
        else:
            write(self, field, value, call)

    def nested(self, field: fields.Nested, value: str, call: str) -> None:
        """One object or a list of them."""
        schema, emit = field.schema, self.source
        with emit.block(f"if {value} is not None:"):
            if not (schema.many or field.many):
                emit.line(f"{value} = {self._nested(schema, value, many=False)}")
                return
            if not schema.many:
                emit.line(f"{value} = {call}")
                return
            self._each(value, lambda item: self._nested(schema, item, many=True))

    def list(self, field: fields.List[Any], value: str, call: str) -> None:
        """A list of anything."""
        if not _self_contained(field.inner):
            self.source.line(f"{value} = {call}")
            return

        def item(name: str) -> str:
            self._value(field.inner, name, field.name or "", "None")
            return name

        with self.source.block(f"if {value} is not None:"):
            self._each(value, item)

    def _each(self, value: str, write: Callable[[str], str]) -> None:
        emit = self.source
        item, result, append = emit.name(), emit.name("r"), emit.name("append")
        emit.line(f"if {value}.__class__ is not list and {value}.__class__ is not tuple: raise Deviation")
        emit.line(f"{result} = []")
        emit.line(f"{append} = {result}.append")
        with emit.block(f"for {item} in {value}:"):
            emit.line(f"{append}({write(item)})")
        emit.line(f"{value} = {result}")


def _self_contained(field: fields.Field[Any]) -> bool:
    """Whether a list's items are written without a look at the object around the list, which any class but marshmallow's own may take."""
    return is_plain(field) and (not isinstance(field, fields.List) or _self_contained(field.inner))


def _unless(kind: type) -> Callable[[DumpCode, Any, str, str], None]:
    """Values of the class (and None) stay; others are serialised by the field."""

    def write(code: DumpCode, field: Any, value: str, call: str) -> None:  # noqa: ARG001 - as above
        known = code.source.bind(kind, kind.__name__)
        code.source.line(f"if {value}.__class__ is not {known} and {value} is not None: {value} = {call}")

    return write


def _number(kind: type) -> Callable[[DumpCode, Any, str, str], None]:
    keep = _unless(kind)

    def write(code: DumpCode, field: Any, value: str, call: str) -> None:
        if field.as_string:
            known = code.source.bind(kind, kind.__name__)
            code.source.line(f"{value} = str({value}) if {value}.__class__ is {known} else {call}")
        else:
            keep(code, field, value, call)

    return write


def _decimal(code: DumpCode, field: fields.Decimal, value: str, call: str) -> None:
    if field.allow_nan:
        code.source.line(f"{value} = {call}")
        return
    known = code.source.bind(decimal.Decimal, "Decimal")
    with code.source.block(f"if {value}.__class__ is {known}:"):
        if field.places is not None:
            places, rounding = code.source.bind(field.places), code.source.bind(field.rounding)
            code.source.line(f"if {value}.is_finite(): {value} = {value}.quantize({places}, rounding={rounding})")
        if field.as_string:
            code.source.line(f'{value} = format({value}, "f")')
    with code.source.block("else:"):
        code.source.line(f"{value} = {call}")


def _temporal(code: DumpCode, field: Any, value: str, call: str) -> None:
    data_format = field.format or field.DEFAULT_FORMAT
    function = field.SERIALIZATION_FUNCS.get(data_format)
    if function is None:
        code.source.line(f"{value} = {call}")
        return
    kind = code.source.bind(getattr(dt, field.OBJ_TYPE))
    code.source.line(
        f"{value} = {code.source.bind(function, 'FORMAT')}({value}) if {value}.__class__ is {kind} else {call}"
    )


def _uuid(code: DumpCode, field: fields.UUID, value: str, call: str) -> None:  # noqa: ARG001 - as above
    code.source.line(f"{value} = str({value}) if {value}.__class__ is {code.source.bind(uuid.UUID)} else {call}")


def _dict(code: DumpCode, field: Any, value: str, call: str) -> None:
    if field.key_field or field.value_field:
        code.source.line(f"{value} = {call}")
    else:
        code.source.line(f"{value} = dict({value}) if {value}.__class__ is dict else {call}")


def _same(code: DumpCode, field: Any, value: str, call: str) -> None:
    """The value as it is."""


_EMIT: Final[dict[type, Callable[[DumpCode, Any, str, str], None]]] = {
    fields.String: _unless(str),
    fields.Email: _unless(str),
    fields.Url: _unless(str),
    fields.Integer: _number(int),
    fields.Float: _number(float),
    fields.Decimal: _decimal,
    fields.Boolean: _same,
    fields.Raw: _same,
    fields.Date: _temporal,
    fields.DateTime: _temporal,
    fields.NaiveDateTime: _temporal,
    fields.AwareDateTime: _temporal,
    fields.Time: _temporal,
    fields.UUID: _uuid,
    fields.Nested: DumpCode.nested,
    fields.List: DumpCode.list,
    fields.Dict: _dict,
}
"""Without an entry (Enum and the like) the field's own method is called."""
