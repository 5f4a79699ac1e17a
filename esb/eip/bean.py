"""``bean``: calls a method of a bean (Camel's Bean EIP)."""

from __future__ import annotations

from typing import Any

from esb.errors import OptionError, ReferenceFault
from esb.exchange import Exchange, Message
from esb.expression import Expression
from esb.fields import Kind, field
from esb.methods import Call, method_call
from esb.program import Step
from esb.step import Builder, StepSpec


class BeanSpec(StepSpec):
    """Call a function, or a method of an object; what it returns becomes the body.

    Without parameters in ``method`` they are bound by name: ``exchange``, ``message``, ``body``, ``headers``, ``properties``, ``variables``,
    ``exception``; the first other one takes the body. A result of None leaves the message alone, unless the function says by annotation that
    it returns a value.
    """

    name = "bean"
    ref = field(
        Kind.REF, None, scalar=True, doc="The bean, or a Python function.", example='"#class:crm.prices:Rebate"'
    )
    bean_type = field(Kind.TEXT, None, doc="Class of the bean, instead of ``ref``.", example="crm.prices:Rebate")
    method = field(
        Kind.TEXT, None, doc="Method, with parameters or without.", example="join(${body}, ${header.unit}, 'pieces', 5)"
    )
    scope = field(
        Kind.TEXT,
        "Singleton",
        enum=("Singleton", "Request", "Prototype"),
        doc="For beanType: one object for the route, one a message, or one a call.",
    )
    cache = field(Kind.BOOL, True, doc="Whether the object is kept.", deprecated="use scope: Prototype")

    def build(self, builder: Builder) -> Step:
        if self.ref:
            return _calling(method_call(builder.reference(self.ref, self.at), self.method, builder.context, self.at))
        if not self.bean_type:
            raise OptionError(
                "'bean' needs 'ref' or 'beanType'",
                self.at,
                "write ref: nameOfTheBean, or beanType: package.module:Name",
            )
        cls = builder.reference(f"#type:{self.bean_type.removeprefix('#class:')}", self.at)
        if not isinstance(cls, type):
            return _calling(method_call(cls, self.method, builder.context, self.at))
        first = self._instance(cls)
        instance = self._each(cls) if self.scope != "Singleton" or not self.cache else None
        return _calling(method_call(first, self.method, builder.context, self.at, instance))

    def _each(self, cls: type) -> Expression:
        if self.scope != "Request":
            return lambda _exchange: self._instance(cls)
        key = f"esb.bean.{self.bean_type}"

        def of_request(exchange: Exchange) -> Any:
            bean = exchange.properties.get(key)
            if bean is None:
                bean = exchange.properties[key] = self._instance(cls)
            return bean

        return of_request

    def _instance(self, cls: type) -> Any:
        try:
            return cls()
        except TypeError as error:
            raise ReferenceFault(
                f"{self.bean_type!r} could not be made: {error}",
                self.at,
                "define it under 'beans:' with its constructor values",
            ) from error

    def sentence(self) -> str:
        return f"call {self.ref or self.bean_type}{'.' + self.method if self.method else ''}"


def _calling(call: Call) -> Step:
    invoke, keeps = call.invoke, call.gives_nothing

    def call_bean(exchange: Exchange) -> None:
        result = invoke(exchange)
        if result is None and keeps:
            return
        if isinstance(result, Message):
            exchange.message = result
        elif result is not exchange:
            exchange.message.body = result

    return call_bean
