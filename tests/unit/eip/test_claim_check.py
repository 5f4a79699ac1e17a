import pytest

from esb.eip.claim_check import ClaimCheckSpec
from esb.errors import OptionError
from esb.exchange import Exchange

from .support import Bench, do

CAMEL = "#class:org.apache.camel.processor.aggregate."


def spoil(exchange):
    exchange.body = "other"
    exchange.headers.clear()
    exchange.headers["keep"] = "k"


def claimed(*, beans=None, **options):
    options.setdefault("operation", "Get")
    bench = Bench(ClaimCheckSpec(operation="Set", key="k"), do(spoil), ClaimCheckSpec(key="k", **options), beans=beans)
    outer = Exchange("x", {"foo": 1, "bar": 2, "baz": 3})
    outer.message.attachments = {"a.txt": b"A"}
    return bench.run(outer)


ALL = {"foo": 1, "bar": 2, "baz": 3, "keep": "k"}


@pytest.mark.parametrize(
    ("filters", "body", "headers"),
    [
        (None, "x", ALL),
        ("header:foo", "other", {"foo": 1, "keep": "k"}),
        ("header:b*", "other", {"bar": 2, "baz": 3, "keep": "k"}),
        ("headers", "other", ALL),
        ("body,header:foo", "x", {"foo": 1, "keep": "k"}),
        ("attachments", "other", {"keep": "k"}),
        ("-header:foo", "x", {"bar": 2, "baz": 3, "keep": "k"}),
        ("-body", "other", ALL),
        ("--header:keep", "x", {"foo": 1, "bar": 2, "baz": 3}),
        ("--headers:b*", "x", ALL),
        ("header:foo,--header:keep", "other", {"foo": 1}),
        ("--body", None, ALL),
        ("--headers", "x", {}),
    ],
)
def test_the_filter_says_what_comes_back(filters, body, headers):
    outer = claimed(filter=filters)
    assert (outer.body, dict(outer.headers)) == (body, headers)


def test_attachments_come_back_by_name():
    gone = do(lambda e: setattr(e.message, "attachments", None))
    for filters, expected in (("attachment:a.txt", {"a.txt": b"A"}), ("attachment:b*", None), (None, {"a.txt": b"A"})):
        bench = Bench(ClaimCheckSpec(operation="Push"), gone, ClaimCheckSpec(operation="Pop", filter=filters))
        outer = Exchange("x")
        outer.message.attachments = {"a.txt": b"A"}
        assert bench.run(outer).message.attachments == expected


def test_what_was_removed_or_never_set_changes_nothing():
    bench = Bench(
        ClaimCheckSpec(operation="Set", key="k"),
        ClaimCheckSpec(operation="GetAndRemove", key="k"),
        do(spoil),
        ClaimCheckSpec(operation="Get", key="k"),
        ClaimCheckSpec(operation="Get", key="never"),
        ClaimCheckSpec(operation="Pop"),
    )
    assert bench.send("x").body == "other"


def test_push_and_pop_are_a_stack():
    bodies = []
    pop = [ClaimCheckSpec(operation="Pop"), do(lambda e: bodies.append(e.body))]
    bench = Bench(
        ClaimCheckSpec(operation="Push"),
        do(lambda e: setattr(e, "body", "two")),
        ClaimCheckSpec(operation="Push"),
        do(spoil),
        *pop,
        *pop,
        *pop,
    )
    bench.send("one")
    assert bodies == ["two", "one", "one"]


def test_a_text_strategy_has_no_effect_and_a_function_has():
    assert claimed(aggregation_strategy=CAMEL + "StringAggregationStrategy").body == "other"
    assert claimed(aggregation_strategy="both", beans={"both": lambda old, new: [old, new]}).body == ["other", "x"]


def test_an_operation_is_needed():
    with pytest.raises(OptionError):
        Bench(ClaimCheckSpec(key="k"))
