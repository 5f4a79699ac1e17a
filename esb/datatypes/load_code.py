"""Generates the function that loads what is valid: the happy path of ``Schema.load`` as straight code.

The code mirrors marshmallow 4's ``Schema._deserialize`` and ``Field.deserialize`` for data that pass. Anything else (a wrong type, a failing
validator, even a right value of an unusual class) raises, and the caller asks marshmallow itself. So the only duty here is never to
accept, or to convert differently, what marshmallow would not.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema, fields
from marshmallow.constants import EXCLUDE, INCLUDE, missing
from marshmallow.decorators import POST_LOAD, VALIDATES, VALIDATES_SCHEMA

from esb.datatypes import load_kinds
from esb.datatypes.cleaning import Clean
from esb.datatypes.compilable import Uncompilable, check_load, hooks, identity, is_plain, unknown_policy
from esb.datatypes.source import Source
from esb.datatypes.validator_code import emit_validators

_INLINE_DEPTH: Final = 5
"""Nested types up to this depth stand in one function; Python allows 20 nested blocks."""
_INLINE_FIELDS: Final = 100
"""A function with more fields is split, so that a diamond of types does not grow exponentially."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A nested type that gets a function of its own."""

    name: str
    schema: Schema
    unknown: str
    many: bool


class LoadCode:
    """Writes one schema and all it nests. Raises Uncompilable if any part must be left to marshmallow."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.missing = source.bind(missing, "MISSING")
        self._functions: dict[Hashable, str] = {}
        self._wanted: list[_Wanted] = []
        self._inside: list[Hashable] = []
        self._fields = 0

    def root(self, name: str, schema: Schema) -> None:
        """A function ``name(value)`` that gives the loaded value, or raises anything."""
        if schema.many:
            raise Uncompilable("it loads collections (many)")
        unknown = unknown_policy(schema.unknown)
        self._functions[self._key(schema, unknown, many=False)] = name
        self._function(_Wanted(name, schema, unknown, many=False))
        self._rest()

    def rows(self, name: str, schema: Schema, header: Sequence[str]) -> None:
        """A function ``name(row)`` of a sequence of values in the order of the header's data keys."""
        if schema.many or len(set(header)) < len(header):
            raise Uncompilable("rows need one schema and distinct columns")
        check_load(schema, many=False)
        columns = {key: self.source.name("c") for key in header}
        with self.source.block(f"def {name}(row):"):
            if columns:
                self.source.line(f"{', '.join(columns.values())}, = row")
            self.source.line(f"return {self._columns(schema, columns)}")
        self._rest()

    def _rest(self) -> None:
        while self._wanted:
            self._function(self._wanted.pop())

    def _key(self, schema: Schema, unknown: str, *, many: bool) -> Hashable:
        return identity(schema, unknown, many)

    def _function(self, wanted: _Wanted) -> None:
        self._fields = 0
        self._inside = [self._key(wanted.schema, wanted.unknown, many=wanted.many)]
        with self.source.block(f"def {wanted.name}(d):"):
            self.source.line(f"return {self._inline(wanted.schema, wanted.unknown, 'd', many=wanted.many)}")

    def nested(self, schema: Schema, unknown: str, data: str, *, many: bool) -> str:
        """Code for one nested object; the name that holds the result."""
        key = self._key(schema, unknown, many=many)
        known = self._functions.get(key)
        if known is None and (
            key in self._inside or len(self._inside) >= _INLINE_DEPTH or self._fields >= _INLINE_FIELDS
        ):
            known = self._functions[key] = self.source.name("load")
            self._wanted.append(_Wanted(known, schema, unknown, many))
        if known is not None:
            result = self.source.name()
            self.source.line(f"{result} = {known}({data})")
            return result
        self._inside.append(key)
        result = self._inline(schema, unknown, data, many=many)
        self._inside.pop()
        return result

    def _inline(self, schema: Schema, unknown: str, data: str, *, many: bool) -> str:
        check_load(schema, many)
        emit = self.source
        emit.line(f"if {data}.__class__ is not dict: raise Deviation")
        keys = [_data_key(name, field) for name, field in schema.load_fields.items()]
        optional = [name for name, field in schema.load_fields.items() if not _is_fetched(field)]
        # Counting the keys that were there is cheaper than comparing sets, but wrong where two fields read one key.
        counted = unknown != EXCLUDE and len(set(keys)) == len(keys)
        count = str(len(keys) - len(optional))
        if counted and optional:
            fixed, count = count, emit.name("n")
            emit.line(f"{count} = {fixed}")
        results: list[tuple[str, str, bool]] = []
        for name, field in schema.load_fields.items():
            value = emit.name()
            step = f"{count} += 1" if counted and optional else ""
            always = self._fetch(field, _data_key(name, field), data, value, step)
            results.append((field.attribute or name, value, always))
        result = self._result(results)
        if unknown != EXCLUDE:
            self._unknown(unknown, data, result, set(keys), count if counted else "")
        self._hooks(schema, unknown, data, result, many=many)
        return result

    def _columns(self, schema: Schema, columns: dict[str, str]) -> str:
        emit = self.source
        results: list[tuple[str, str, bool]] = []
        taken = set()
        for name, field in schema.load_fields.items():
            key = _data_key(name, field)
            value = emit.name()
            if key in columns:
                always = True
                emit.line(f"{value} = {columns[key]}")
                self._given(field, key, value)
            else:
                always = self._absent(field, value)
            taken.add(key)
            results.append((field.attribute or name, value, always))
        result = self._result(results)
        unknown = unknown_policy(schema.unknown)
        more = [key for key in columns if key not in taken]
        if more and unknown == INCLUDE:
            for key in more:
                emit.line(f"{result}[{key!r}] = {columns[key]}")
        elif more and unknown != EXCLUDE:
            emit.line("raise Deviation")
        self._hooks(schema, unknown, "None", result, many=False)
        return result

    def _absent(self, field: fields.Field[Any], value: str) -> bool:
        """A column that the file does not have."""
        emit = self.source
        if not is_plain(field):
            emit.line(f"{value} = {emit.bind(field.deserialize, 'FIELD')}({self.missing})")
            return False
        if field.required:
            emit.line("raise Deviation")
            return True
        emit.line(f"{value} = {self._default(field)}")
        return field.load_default is not missing and not callable(field.load_default)

    def _given(self, field: fields.Field[Any], key: str, value: str) -> None:
        if is_plain(field):
            self.convert(field, value, key, "None")
            return
        if isinstance(field, fields.Function | fields.Method):
            # Their own functions see only the value; any other class may look at the whole object, which a row does not have.
            self.source.line(f"{value} = {self.source.bind(field.deserialize, 'FIELD')}({value})")
            return
        raise Uncompilable(f"the field {field.name!r} is a {type(field).__name__}")

    def _fetch(self, field: fields.Field[Any], key: str, data: str, value: str, step: str) -> bool:
        """Get and convert one field; whether the value is certain to be there."""
        emit = self.source
        self._fields += 1
        if not is_plain(field):
            raw = emit.name()
            emit.line(f"{raw} = {data}.get({key!r}, {self.missing})")
            if step:
                emit.line(f"if {raw} is not {self.missing}: {step}")
            emit.line(f"{value} = {emit.bind(field.deserialize, 'FIELD')}({raw}, {key!r}, {data})")
            return False
        if field.required:
            emit.line(f"{value} = {data}[{key!r}]")
            self.convert(field, value, key, data)
            return True
        emit.line(f"{value} = {data}.get({key!r}, {self.missing})")
        default = self._default(field)
        if default == self.missing:
            with emit.block(f"if {value} is not {self.missing}:"):
                if step:
                    emit.line(step)
                self.convert(field, value, key, data)
            return False
        with emit.block(f"if {value} is {self.missing}:"):
            emit.line(f"{value} = {default}")
        with emit.block("else:"):
            if step:
                emit.line(step)
            self.convert(field, value, key, data)
        return not callable(field.load_default)  # a factory may give `missing` itself

    def _default(self, field: fields.Field[Any]) -> str:
        if field.load_default is missing:
            return self.missing
        bound = self.source.bind(field.load_default, "DEFAULT")
        return f"{bound}()" if callable(field.load_default) else bound

    def convert(self, field: fields.Field[Any], value: str, key: str | None, data: str | None) -> None:
        """``Field.deserialize`` of the value in a name, into the same name."""
        emit = self.source
        if not is_plain(field):
            where = f", {key!r}, {data}" if key is not None else ""
            emit.line(f"{value} = {emit.bind(field.deserialize, 'FIELD')}({value}{where})")
            return
        if not field.allow_none and (field.pre_load or not load_kinds.refuses_none(field)):
            emit.line(f"if {value} is None: raise Deviation")
        for prepare in field.pre_load:
            if type(prepare) is Clean:
                prepare.emit(emit, value)
            else:
                emit.line(f"{value} = {emit.bind(prepare, 'PRE')}({value})")
        if field.allow_none:
            with emit.block(f"if {value} is not None:"):
                self._value(field, value)
        else:
            self._value(field, value)

    def _value(self, field: fields.Field[Any], value: str) -> None:
        load_kinds.emit(self, field, value)
        emit_validators(self.source, field.validators, value)
        for finish in field.post_load:
            self.source.line(f"{value} = {self.source.bind(finish, 'POST')}({value})")

    def _result(self, results: list[tuple[str, str, bool]]) -> str:
        """The dict in the order of the fields; what is certain stands in one display."""
        emit, result = self.source, self.source.name("r")
        certain = 0
        while certain < len(results) and results[certain][2]:
            certain += 1
        shown = ", ".join(f"{attribute!r}: {value}" for attribute, value, _ in results[:certain])
        emit.line(f"{result} = {{{shown}}}")
        for attribute, value, always in results[certain:]:
            head = "" if always else f"if {value} is not {self.missing}: "
            emit.line(f"{head}{result}[{attribute!r}] = {value}")
        return result

    def _unknown(self, unknown: str, data: str, result: str, keys: set[str], count: str) -> None:
        emit = self.source
        known = emit.bind(frozenset(keys), "KEYS")
        if unknown == INCLUDE:
            with emit.block(f"if len({data}) != {count}:" if count else "if True:"):
                name, value = emit.name(), emit.name()
                with emit.block(f"for {name}, {value} in {data}.items():"):
                    emit.line(f"if {name} not in {known}: {result}[{name}] = {value}")
        elif count:
            emit.line(f"if len({data}) != {count}: raise Deviation")
        else:
            emit.line(f"if not {known}.issuperset({data}): raise Deviation")

    def _hooks(self, schema: Schema, unknown: str, data: str, result: str, *, many: bool) -> None:
        emit = self.source
        if data == "None" and any(
            options.get("pass_original") for tag in (VALIDATES_SCHEMA, POST_LOAD) for _, options in hooks(schema, tag)
        ):
            raise Uncompilable("a hook wants the original data, which a row does not have")
        for validator, options in hooks(schema, VALIDATES):
            for name in options["field_names"]:
                field = schema.fields.get(name)
                if field is None:
                    if name in schema.declared_fields:
                        continue
                    raise Uncompilable(f"a validator names the field {name!r}, which is not there")
                value = emit.name()
                emit.line(f"{value} = {result}.get({field.attribute or name!r}, {self.missing})")
                with emit.block(f"if {value} is not {self.missing}:"):
                    call = f"{emit.bind(validator, 'VALIDATES')}({value}, data_key={_data_key(name, field)!r})"
                    emit.line(f"if {call} is {self.missing}: raise Deviation")
        arguments = f"partial=None, many={many}, unknown={unknown!r}"
        for validator, options in hooks(schema, VALIDATES_SCHEMA):
            original = f"{data}, " if options.get("pass_original") else ""
            emit.line(f"{emit.bind(validator, 'VALIDATES')}({result}, {original}{arguments})")
        for finish, options in hooks(schema, POST_LOAD):
            original = f"{data}, " if options.get("pass_original") else ""
            emit.line(
                f"{result} = {emit.bind(finish, 'POST')}({result}, {original}many={many}, partial=None, unknown={unknown!r})"
            )


def _data_key(name: str, field: fields.Field[Any]) -> str:
    return field.data_key if field.data_key is not None else name


def _is_fetched(field: fields.Field[Any]) -> bool:
    """Whether the generated code takes the value without asking whether it is there."""
    return is_plain(field) and field.required
