import pytest


class Shout:
    def process(self, exchange):
        exchange.body = f"{exchange.body}!"


def whisper(exchange):
    exchange.body = exchange.body.lower()


@pytest.mark.parametrize(("bean", "expected"), [(Shout(), "X!"), (whisper, "x")])
def test_an_object_with_process_or_a_function_gets_the_exchange(bus, bean, expected):
    bus.bind("it", bean)
    assert bus.route("- process: {ref: it}").send("X").body == expected


def test_a_class_is_named_directly(bus):
    assert bus.route(f'- process: {{ref: "#class:{__name__}:Shout"}}').send("x").body == "x!"


def test_what_is_no_processor_is_refused(bus, refused):
    bus.bind("text", "text")
    assert "'text' is not a processor" in refused("- process: {ref: text}")


def test_an_unknown_bean_is_refused(refused):
    assert "unknown bean 'nobody'" in refused("- process: {ref: nobody}")
