"""A data type: a marshmallow schema under a name, compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, ValidationError

from esb.datatypes.compile import compile_dump, compile_load
from esb.datatypes.describe import describe
from esb.datatypes.layout import Place, layout
from esb.datatypes.report import report, summary
from esb.datatypes.shield import get_value
from esb.errors import ValidationFailed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of many values: ``value`` if the report is empty."""

    index: int
    value: Any = None
    report: list[dict[str, Any]] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether the value could be loaded."""
        return not self.report


class DataType:
    """Loads and dumps values of one type. Immutable and thread-safe; all work that can be done once is done on construction.

    Hooks, validators and fields of the schema's own must be free of side effects and safe in threads: for data that turn out invalid they
    may run twice. Raises whatever marshmallow raises for a schema that cannot be (ValueError, RegistryError).
    """

    def __init__(self, name: str, schema: Schema | type[Schema]) -> None:
        self.name = name
        self.schema = schema if isinstance(schema, Schema) else schema()
        self._loading = compile_load(self.schema)
        self._dumping = compile_dump(self.schema)
        self.raw_load = self._loading.call
        """As :meth:`load`, but raises marshmallow's own ValidationError: for loops that count every call."""

    def __repr__(self) -> str:
        return f"<DataType {self.name}>"

    def load(self, value: Any) -> Any:
        """Outside data (dicts, lists, texts) as the type's own values. Raises ValidationFailed with a report of every field."""
        try:
            return self._loading.call(value)
        except Exception as error:
            raise self._failed(error, value) from _cause(error)

    def dump(self, value: Any, *, check: bool = False) -> Any:
        """The type's values as plain outside data. ``check``: also load the outcome, so that what leaves is valid.

        Raises ValidationFailed naming the field whose value cannot be written or, with ``check``, a report of all.
        """
        try:
            made = self._dumping.call(value)
        except Exception as error:
            raise self._not_written(error, value) from error
        if check:
            self.load(made)
        return made

    def load_many(self, values: Iterable[Any]) -> Iterator[Outcome]:
        """Each value on its own, lazily and in order; invalid ones come as outcomes with a report, and the others go on."""
        call = self._loading.call
        for index, value in enumerate(values):
            try:
                yield Outcome(index, call(value))
            except Exception as error:
                yield Outcome(index, None, self._failed(error, value).report)

    def errors(self, error: Exception, value: Any) -> list[dict[str, Any]]:
        """The report of what :attr:`raw_load` raised for a value."""
        return self._failed(error, value).report

    def layout(self) -> tuple[Place, ...]:
        """Where the fields stand in a fixed-width record or CSV row. Raises OptionError for places that cannot be."""
        return layout(self.schema)

    def describe(self) -> dict[str, Any]:
        """The type as plain data: fields, kinds, constraints, rules, and how it is run."""
        return {
            "name": self.name,
            **describe(self.schema),
            "compiled": {
                "load": self._loading.why_not or "generated",
                "dump": self._dumping.why_not or "generated",
            },
        }

    def _failed(self, error: Exception, value: Any) -> ValidationFailed:
        if isinstance(error, ValidationError):
            entries = report(self.schema, error.messages, value)
            return ValidationFailed(summary(self.name, entries), entries)
        if isinstance(error, RecursionError):
            message = "The data are nested too deeply."
        else:  # a validator or hook of the schema that did not expect such data
            message = f"The schema's own code failed with {type(error).__name__}."
        return ValidationFailed(f"the data are not a valid {self.name}: {message}", [{"path": "", "message": message}])

    def _not_written(self, error: Exception, value: Any) -> ValidationFailed:
        for name, declared in self.schema.dump_fields.items():
            try:
                declared.serialize(name, value, accessor=get_value(self.schema))
            except Exception as reason:
                message = f"A value of class {_class_at(self.schema, name, value)} cannot be written: {type(reason).__name__}."
                return ValidationFailed(f"{name} of {self.name}: {message}", [{"path": name, "message": message}])
        message = f"The value cannot be written: {type(error).__name__}."
        return ValidationFailed(f"{self.name}: {message}", [{"path": "", "message": message}])


def _cause(error: Exception) -> Exception | None:
    """Marshmallow's error is not chained: it carries the whole input, secrets too, and the report says all it says."""
    return None if isinstance(error, ValidationError) else error


def _class_at(schema: Schema, name: str, value: Any) -> str:
    return type(get_value(schema)(value, schema.fields[name].attribute or name, None)).__name__
