from esb.eip.enrich import EnrichSpec
from esb.errors import ConfigError
from esb.exchange import Exchange
from esb.javanames import CamelExchangeException

from .support import Bench, header

CAMEL = "#class:org.apache.camel.processor.aggregate."


def bench(answer=None, beans=None, **options):
    made = Bench(EnrichSpec(expression=header("to"), **options), beans=beans)
    made.context.endpoint("mock:res").answer(answer or replies)
    return made


def replies(exchange):
    exchange.body = f"res({exchange.body})"
    exchange.headers["r"] = 1
    exchange.headers.pop("h")
    exchange.properties["p"] = exchange.variables["v"] = "inner"


def down(exchange):
    exchange.body = "bad"
    raise ConnectionError("down")


def test_the_reply_replaces_the_message():
    outer = bench().send("x", to="mock:res", h=1)
    assert (outer.body, dict(outer.headers)) == ("res(x)", {"to": "mock:res", "r": 1})
    assert (outer.properties["p"], outer.variables["v"], outer.pattern) == ("inner", "inner", "InOnly")


def test_the_resource_is_asked_in_out_and_the_reply_waited_for():
    seen = []
    bench(lambda e: seen.append((e.pattern, e.waits))).send("x", to="mock:res")
    assert seen == [("InOut", 1)]


def test_nobody_named_changes_nothing():
    assert bench().send("x").body == "x"


def test_a_function_puts_both_together():
    made = bench(beans={"both": lambda old, new: [old, new]}, aggregation_strategy="both")
    assert made.send("x", to="mock:res").body == ["x", "res(x)"]


def test_list_and_text_strategies_have_no_effect():
    for name in ("GroupedBodyAggregationStrategy", "StringAggregationStrategy"):
        assert bench(aggregation_strategy=CAMEL + name).send("x", to="mock:res").body == "x"


def test_a_failure_comes_with_the_resources_message_and_may_be_tried_again():
    made = Bench(EnrichSpec(expression=header("to")), handled=False)
    made.context.endpoint("mock:res").answer(down)
    outer = made.send("x", to="mock:res")
    assert (outer.body, str(outer.error), outer.exhausted) == ("bad", "down", False)


def test_the_strategy_may_see_the_failure_and_keep_or_mend_it():
    class Mends:
        def aggregate(self, old, new):
            old.body = f"instead of {new.error}"
            return old

    kept = bench(down, aggregate_on_exception=True, aggregation_strategy=CAMEL + "UseOriginalAggregationStrategy")
    mended = bench(down, beans={"mends": Mends()}, aggregate_on_exception=True, aggregation_strategy="mends")
    assert isinstance(kept.send("x", to="mock:res").error, ConnectionError)
    outer = mended.send("x", to="mock:res")
    assert (outer.body, outer.error) == ("instead of down", None)


def test_a_strategy_that_fails_is_told_as_such():
    def broken(old, new):
        raise KeyError("x")

    made = bench(beans={"broken": broken}, aggregation_strategy="broken")
    assert isinstance(made.send("x", to="mock:res").error, CamelExchangeException)


def test_a_reply_that_ended_its_route_ends_this_one():
    def handled(exchange):
        exchange.halted = exchange.handled = True

    outer = bench(handled).send("x", to="mock:res")
    assert (outer.halted, outer.handled) == (True, True)


def test_variables_instead_of_the_body():
    made = bench(variable_send="v", variable_receive="got")
    outer = Exchange("x", {"to": "mock:res", "h": 1})
    outer.variables["v"] = "V"
    made.run(outer)
    assert (outer.body, dict(outer.headers)) == ("x", {"to": "mock:res", "h": 1})
    assert (outer.variables["got"], outer.variables["header:got.r"]) == ("res(V)", 1)


def test_an_unknown_endpoint_fails_the_message_or_is_ignored():
    assert isinstance(bench().send("x", to="nosuch:x").error, ConfigError)
    assert bench(ignore_invalid_endpoint=True).send("x", to="nosuch:x").error is None
