"""What a route takes and gives: ``inputType`` and ``outputType``.

``java:`` types convert the body. Types of the project are held against it where ``validate`` says so. An input that does not fit is given to the
route's error handler, an output that does not fit to the caller, also after ``stop`` (as Camel was seen to do).
"""

from __future__ import annotations

from typing import Any

from esb.compiler.build import RouteParts, StepsBuilder
from esb.dsl.model import DataTypeSpec
from esb.errors import ConversionFailed
from esb.exchange import Exchange
from esb.javanames import CamelExecutionException, InvalidPayloadException, ValidationException
from esb.program import Step
from esb.registry import Registry
from esb.step import Builder, StepSpec


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
    convert: Step | None = None
    if scheme == "java":
        convert = _converting(registry.lookup("step", "convertBodyTo")(spec.at, type=name).build(builder), spec.urn)
    if not spec.validate:
        return convert

    def refuse(exchange: Exchange) -> None:
        if convert is not None:
            convert(exchange)
        # As in Camel, where validators for such types are Java classes: nothing passes that nobody has looked at.
        raise ValidationException(f"No Validator found for '{spec.urn}': name a data type of the project to validate")

    return refuse


def _converting(convert: Step, urn: str) -> Step:
    def convert_to_type(exchange: Exchange) -> None:
        try:
            convert(exchange)
        except (ConversionFailed, InvalidPayloadException) as error:
            raise CamelExecutionException(f"Failed to convert body to '{urn}': {error}") from error

    return convert_to_type
