"""``kamelet``: runs a route template here, perhaps around steps of one's own (Camel's Kamelet EIP)."""

from __future__ import annotations

from typing import Any

from esb.eip._sending import sending
from esb.errors import OptionError
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class KameletSpec(StepSpec):
    """Run a kamelet: a ``routeTemplate`` of the documents, or a file of the project's folder ``kamelets``.

    Where the template says ``to: kamelet:sink`` the steps below this one run, or the rest of the list where none are given; they see the
    message as the template left it, and the template goes on with what they made of it.
    """

    name = "kamelet"
    kamelet = field(Kind.TEXT, name="name", scalar=True, doc="Id of the template.", example="mask-fields")
    parameters = field(Kind.MAP, None, doc="Values of its parameters.", example="{fields: iban}")
    steps = field(Kind.STEPS, (), doc="What runs where the template says kamelet:sink.")

    def build(self, builder: Builder) -> Step:
        if not self.kamelet or not self.kamelet.strip():
            raise OptionError("'kamelet' needs a name", self.at, "name the template")
        name, question, query = self.kamelet.strip().partition("?")
        component: Any = builder.context.component("kamelet")
        steps = [step for step in self.steps if not step.disabled]
        if steps and "/" not in name:
            name = f"{name}/{component.unique(name)}"  # with steps of its own it cannot share its route
        uri = f"kamelet:{name}{question}{query}"
        parameters = {key: _as_written(value) for key, value in (self.parameters or {}).items()}
        endpoint: Any = builder.endpoint(uri, parameters, self.at)
        producer = builder.producer(uri, parameters, self.at)
        if steps:
            # Last where this step is: a template that does more behind its sink lets the message wait by itself.
            component.line(endpoint.route_id).block = builder.program(steps, tail=builder.tail)
        return sending(builder, producer, endpoint.uri)

    def sentence(self) -> str:
        return f"run the kamelet {self.kamelet}" + (f" around {len(self.steps)} steps" if self.steps else "")


def _as_written(value: Any) -> Any:
    """A parameter of this step is no part of a URI, so its characters need no escape."""
    if not isinstance(value, str):
        return value
    return f"RAW{{{value}}}" if ")" in value else f"RAW({value})"
