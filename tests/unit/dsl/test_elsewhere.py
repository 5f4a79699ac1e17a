"""Names of Camel's that mean nothing here are told with what to write instead."""

from __future__ import annotations

import pytest

from esb.context import RouteContext
from esb.dsl.elsewhere import _INSTEAD
from esb.errors import ConfigErrors, UnknownName
from esb.registry import Registry


def refused(step: str) -> str:
    context = RouteContext()
    with pytest.raises((ConfigErrors, UnknownName)) as caught:
        context.load(f"- route: {{from: {{uri: 'direct:a', steps: [{step}]}}}}")
    return str(caught.value)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("{transacted: {}}", "unknown step 'transacted'; there is no transaction manager"),
        ("{when: {simple: x}}", "unknown step 'when'; it belongs into a choice"),
        ("{setBody: {groovy: x}}", "unknown option of setBody 'groovy'; it is a language of the JVM"),
        ("{setBody: {expression: {mvel: x}}}", "unknown language 'mvel'; it is a language of the JVM"),
        ("{marshal: {bindy: {}}}", "unknown option of marshal 'bindy'; declare a data type"),
        ("{to: 'jms:queue:a'}", "unknown component 'jms'; bus: has durable queues"),
        ("{to: 'http4:a'}", "unknown component 'http4'; http: and https: call HTTP"),
        ("{to: 'xyzzyx:a'}", "unknown component 'xyzzyx'; 'esb catalog components' lists what there is"),
        ("{to: 'sedaa:a'}", "unknown component 'sedaa'; did you mean 'seda'"),
    ],
)
def test_what_to_write_instead_is_told(step, told):
    assert told in refused(step)


@pytest.mark.parametrize("kind", _INSTEAD)
def test_no_name_is_told_to_be_elsewhere_that_is_here(kind):
    registry = Registry()
    assert [name for name in _INSTEAD[kind] if registry.find(kind, name)] == []
