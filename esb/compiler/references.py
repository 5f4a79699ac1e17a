"""The beans that a route file declares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from esb.compiler.policy import policy_from_properties
from esb.component import Context
from esb.dsl.model import BeanSpec, DeadLetterChannelSpec, DefaultErrorHandlerSpec, ErrorHandlerSpec, NoErrorHandlerSpec
from esb.errors import OptionError, Position, UnknownName
from esb.fields import Spec, convert, yaml_name
from esb.javanames import STRATEGIES
from esb.references import load_class, resolve

_CONFIGURATIONS: dict[str, type[Spec]] = {
    "org.apache.camel.builder.DeadLetterChannelBuilder": DeadLetterChannelSpec,
    "org.apache.camel.builder.DefaultErrorHandlerBuilder": DefaultErrorHandlerSpec,
    "org.apache.camel.builder.NoErrorHandlerBuilder": NoErrorHandlerSpec,
}
"""Camel's classes whose beans configure an error handler."""
_FACTORIES: dict[str, Any] = {
    "java.util.List.of": lambda *items: list(items),
    "java.util.List.copyOf": list,
    "java.util.Arrays.asList": lambda *items: list(items),
    "java.util.Set.of": lambda *items: set(items),
    "java.util.Set.copyOf": set,
    "java.util.Map.of": lambda *items: dict(zip(items[::2], items[1::2], strict=True)),
    "java.util.Map.copyOf": dict,
    "java.lang.Integer.valueOf": int,
    "java.lang.Long.valueOf": int,
    "java.lang.Double.valueOf": float,
    "java.lang.Boolean.valueOf": lambda value: str(value).lower() == "true",
    "java.lang.String.valueOf": str,
}
"""Static methods of Java's classes that make beans of plain values, by class and method."""
_LIFE = frozenset({"init", "start", "build"})
"""Methods with which Camel's classes begin."""
_PLAIN = "org.apache.camel.processor.aggregate."
"""Package of classes that are made without any values."""
_SHARED: dict[str, str] = {
    "org.apache.camel.model.Resilience4jConfigurationDefinition": "esb.eip.circuit_breaker:Resilience4jConfigurationSpec",
}
"""Camel's classes whose beans hold options of steps."""
_POLICY = "org.apache.camel.processor.errorhandler.RedeliveryPolicy"


def make_bean(context: Context, spec: BeanSpec) -> Any:
    """The object that a bean definition describes. Raises ReferenceFault or OptionError at the definition."""
    properties = dict(spec.properties or {})
    if spec.script is not None:
        return _scripted(context, spec)
    name = (spec.type or "").removeprefix("#class:")
    if not name:
        raise OptionError(f"bean {spec.bean_name!r} needs a 'type'", spec.at)
    if name == _POLICY:
        return policy_from_properties(properties)
    if name in _SHARED:
        options: Any = load_class(_SHARED[name], spec.at)
        return options(spec.at, **_converted(options, properties, spec.at))
    if name in _CONFIGURATIONS:
        return _handler(_CONFIGURATIONS[name], properties, spec.at)
    arguments = [
        _value(context, value, spec.at)
        for _, value in sorted((spec.constructors or {}).items(), key=lambda pair: int(pair[0]))
    ]
    factory = _FACTORIES.get(f"{name}.{spec.factory_method}") if spec.factory_method else None
    made: Any = load_class(name, spec.at) if factory is None else None
    if arguments and not spec.factory_method and name.startswith(_PLAIN):
        raise OptionError(f"{name} has no constructor with values", spec.at, "set its properties instead")
    try:
        if factory is not None:
            return factory(*arguments)
        if spec.factory_method:
            made = getattr(made, spec.factory_method)
        bean = made(*arguments) if isinstance(made, type) or spec.factory_method else made
    except (TypeError, AttributeError, ValueError) as error:
        raise OptionError(f"bean {spec.bean_name!r} could not be made: {error}", spec.at) from error
    _set_properties(context, bean, properties, spec)
    if spec.init_method:
        begin = getattr(bean, spec.init_method, None)
        if begin is None and name in STRATEGIES and spec.init_method in _LIFE:
            return bean  # what Camel's class does then, ours does when it is made
        if not callable(begin):
            raise OptionError(f"bean {spec.bean_name!r} has no method {spec.init_method!r}", spec.at)
        begin()
    return bean


def _scripted(context: Context, spec: BeanSpec) -> Any:
    from esb.exchange import Exchange

    language = context.language(spec.script_language or "python")
    return language(spec.at, expression=spec.script).compile(context)(Exchange())


def _set_properties(context: Context, bean: Any, properties: Mapping[str, Any], spec: BeanSpec) -> None:
    for name, value in properties.items():
        attribute = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        if isinstance(bean, dict):
            bean[name] = _value(context, value, spec.at)
        elif hasattr(bean, attribute):
            setattr(bean, attribute, _value(context, value, spec.at))
        else:
            known = [yaml_name(known) for known in vars(bean) if not known.startswith("_")]
            raise UnknownName(f"property of bean {spec.bean_name}", name, known, spec.at)


def _value(context: Context, value: Any, at: Position) -> Any:
    return resolve(context, value, at) if isinstance(value, str) and value.startswith("#") else value


def _converted(cls: type[Spec], properties: Mapping[str, Any], at: Position) -> dict[str, Any]:
    """Properties of a bean as the options of a class, by attribute."""
    values: dict[str, Any] = {}
    for name, value in properties.items():
        declared = cls.fields.get(name)
        if declared is None:
            raise UnknownName(f"property of {cls.name}", name, cls.fields, at)
        values[declared.attribute] = convert(declared, str(value).lower() if isinstance(value, bool) else str(value))
    return values


def _handler(cls: type[Spec], properties: Mapping[str, Any], at: Position) -> ErrorHandlerSpec:
    made = cls(at, **_converted(cls, properties, at))
    key = {
        "deadLetterChannel": "dead_letter_channel",
        "defaultErrorHandler": "default_error_handler",
        "noErrorHandler": "no_error_handler",
    }
    chosen: dict[str, Any] = {key[cls.name]: made}
    return ErrorHandlerSpec(at, **chosen)
