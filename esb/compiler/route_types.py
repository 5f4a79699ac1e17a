"""What a route takes and gives: ``inputType`` and ``outputType``.

``java:`` types convert the body. Types of the project are held against it where ``validate`` says so. An input that does not fit is given to the
route's error handler, an output that does not fit to the caller, also after ``stop`` (as Camel was seen to do).
"""

from __future__ import annotations

from typing import Any, Final

from esb.compiler.build import RouteParts, StepsBuilder
from esb.dsl.model import DataTypeSpec
from esb.errors import ConversionFailed
from esb.exchange import Exchange
from esb.javanames import (
    CamelExecutionException,
    IllegalArgumentException,
    InvalidPayloadException,
    ValidationException,
)
from esb.program import Step
from esb.registry import Registry
from esb.step import Builder, StepSpec

_NOTED: Final = "esb.dataType"
"""Property: the name of a type that Camel knows as little as we do, with the message and the body that were called so."""


class InputTypeStep(StepSpec):
    """The first step of a route with an input type."""

    name = "inputType"

    def __init__(self, spec: DataTypeSpec, fit: Step) -> None:
        super().__init__(spec.at)
        self._fit = fit

    def build(self, builder: Builder) -> Step:
        return self._fit


def taken(parts: RouteParts, registry: Registry, spec: DataTypeSpec | None) -> list[InputTypeStep]:
    """What a route with an input type does first. Raises ConfigError for a type that is not there."""
    fit = _fit(parts, registry, spec)
    return [InputTypeStep(spec, fit)] if spec is not None and fit is not None else []


def given(parts: RouteParts, registry: Registry, spec: DataTypeSpec | None) -> list[Step]:
    """What a route with an output type does at its end. Raises as :func:`taken`."""
    fit = _fit(parts, registry, spec)
    if fit is None:
        return []

    def fit_output(exchange: Exchange) -> None:
        if exchange.error is None:
            fit(exchange)

    return [fit_output]


def _fit(parts: RouteParts, registry: Registry, spec: DataTypeSpec | None) -> Step | None:
    if spec is None:
        return None
    builder: Any = StepsBuilder(parts, handled=False)
    scheme, colon, name = spec.urn.strip().partition(":")
    if not colon:
        if not spec.validate:
            return None
        validates: Step = registry.lookup("step", "validate")(spec.at, data_type=scheme).build(builder)
        return validates
    if scheme == "java":
        fit = _converting(registry.lookup("step", "convertBodyTo")(spec.at, type=name).build(builder), spec.urn)
    else:
        fit = _called(spec.urn.strip())
    if not spec.validate:
        return fit

    def refuse(exchange: Exchange) -> None:
        fit(exchange)
        # As in Camel, where validators for such types are Java classes: nothing passes that nobody has looked at.
        raise ValidationException(f"No Validator found for '{spec.urn}': name a data type of the project to validate")

    return refuse


def _type_of(exchange: Exchange) -> str | None:
    """What a route before has called the body, unless it has been replaced since."""
    noted = exchange.properties.get(_NOTED)
    message = exchange.message
    return noted[0] if noted is not None and noted[1] is message and noted[2] is message.body else None


def _refuse_another(exchange: Exchange, urn: str) -> None:
    known = _type_of(exchange)
    if known is not None and known != urn:
        raise IllegalArgumentException(
            f"No Transformer found for [from='{known}', to='{urn}']: transform the body before, with transformDataType"
        )


def _called(urn: str) -> Step:
    """Nothing is known of such a type: the body is taken for one of it, but not if it was one of another before."""

    def call(exchange: Exchange) -> None:
        _refuse_another(exchange, urn)
        exchange.properties[_NOTED] = (urn, exchange.message, exchange.message.body)

    return call


def _converting(convert: Step, urn: str) -> Step:
    def convert_to_type(exchange: Exchange) -> None:
        _refuse_another(exchange, urn)
        try:
            convert(exchange)
        except (ConversionFailed, InvalidPayloadException) as error:
            raise CamelExecutionException(f"Failed to convert body to '{urn}': {error}") from error

    return convert_to_type
