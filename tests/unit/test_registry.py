"""Names that are served by another thing."""

from esb.context import RouteContext
from esb.exchange import Exchange
from esb.registry import Registry


def test_csimple_is_simple():
    assert Registry().find("language", "csimple") is Registry().lookup("language", "simple")
    context = RouteContext()
    context.load("- from: {uri: 'direct:a', steps: [{setBody: {csimple: 'Hello ${body}'}}]}")
    context.start()
    assert context.send("direct:a", Exchange("World")).body == "Hello World"
    context.stop(1)


def test_another_module_s_component_has_its_own_name():
    assert Registry().lookup("component", "https").schemes == ("http", "https")
