import pytest

from esb.component import Component, Endpoint
from esb.eip.poll import PollSpec
from esb.eip.poll_enrich import PollEnrichSpec
from esb.errors import ConfigError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.unit import UnitOfWork

from .support import Asked, Bench, header


class BoxEndpoint(Endpoint):
    name = field(Kind.TEXT, path=True)

    def poll(self, timeout):
        self.component.asked.append(timeout)
        return self.component.letters.pop(0) if self.component.letters else None


class BoxComponent(Component):
    schemes = ("box",)
    endpoint_class = BoxEndpoint

    def __init__(self, context):
        super().__init__(context)
        self.letters = []
        self.asked = []


@pytest.fixture(params=["pollEnrich", "poll"])
def made(request):
    def make(**options):
        if request.param == "poll":
            return boxed(PollSpec(uri="box:letters", **options))
        return boxed(PollEnrichSpec(expression=Asked(ask=lambda _: "box:letters"), **options))

    return make


def boxed(spec):
    bench = Bench(spec, components={"box": BoxComponent})
    return bench, bench.context.component("box")


def letter(body="letter", settled=None, **headers):
    exchange = Exchange(body, headers)
    if settled is not None:
        exchange.unit = UnitOfWork(settled)
    return exchange


def test_the_message_found_becomes_the_body_and_headers_come_on_top(made):
    bench, box = made()
    box.letters.append(letter(l=1, h="new"))
    outer = bench.send("x", h="old", k=1)
    assert (outer.body, dict(outer.headers)) == ("letter", {"h": "new", "k": 1, "l": 1})


def test_nothing_there_is_a_null_body(made):
    bench, _ = made(timeout=0.0)
    outer = bench.send("x", h=1)
    assert (outer.body, dict(outer.headers), outer.error) == (None, {"h": 1}, None)


def test_it_can_go_to_a_variable(made):
    bench, box = made(variable_receive="got")
    box.letters.append(letter())
    outer = bench.send("x")
    assert (outer.body, outer.variables["got"]) == ("x", "letter")
    outer = bench.send("y")
    assert (outer.body, outer.variables.get("got")) == ("y", None)


def test_a_negative_timeout_waits_for_ever(made):
    bench, box = made(timeout=-0.001)
    bench.send("x")
    assert box.asked == [None]


def test_what_was_polled_is_settled_with_the_message(made):
    settled = []
    bench, box = made()
    box.letters.append(letter(settled=lambda unit: settled.append(unit.error)))
    outer = Exchange("x")
    outer.unit = UnitOfWork(lambda _: None)
    outer.unit.hold()
    bench.run(outer)
    assert settled == []
    error = ValueError("later")
    outer.unit.release(error)
    assert settled == [error]


def test_a_strategy_gets_none_where_nothing_came():
    class Told:
        def aggregate(self, old, new):
            old.body = f"nothing: {new is None}"
            return old

    bench = Bench(
        PollEnrichSpec(expression=Asked(ask=lambda _: "seda:none"), timeout=0.0, aggregation_strategy="told"),
        beans={"told": Told()},
    )
    assert bench.send("x").body == "nothing: True"
    bench.stop()


def test_an_endpoint_from_the_message_must_be_known_and_allowed():
    bench = Bench(PollEnrichSpec(expression=header("from")))
    assert isinstance(bench.send("x", **{"from": "nosuch:x"}).error, ConfigError)
    assert isinstance(bench.send("x", **{"from": "file:/etc"}).error, ConfigError)
    assert bench.send("x").body == "x"


def test_what_a_part_polled_is_given_back_when_the_work_fails_that_outlives_the_part():
    delivery, settled = UnitOfWork(), []
    bench, box = boxed(PollSpec(uri="box:letters"))
    box.letters.append(letter(settled=lambda unit: settled.append(unit.error)))
    part = Exchange("x")
    part.unit = UnitOfWork(parent=delivery)
    part.unit.hold()
    bench.run(part)
    queue = part.unit.hold_delivery()
    part.unit.release()
    assert settled == []
    error = OSError("the target is down")
    queue.release(error)
    assert settled == [error]
