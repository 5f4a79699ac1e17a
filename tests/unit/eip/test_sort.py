import pytest

from esb.errors import ConversionFailed
from esb.javanames import ClassCastException


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([3, 1, 20], [1, 3, 20]),
        (["10", "9", "1"], ["1", "10", "9"]),
        (["b", "C", "a"], ["C", "a", "b"]),
        (["b", None], [None, "b"]),
        ([], []),
    ],
)
def test_lists_are_sorted_by_their_natural_order(bus, given, expected):
    assert bus.route("- sort: {}").send(given).body == expected


def test_the_list_of_a_header_is_sorted_in_place_and_becomes_the_body(bus):
    sent = bus.route("- sort: {header: list}").send("x", list=["c", "b"])
    assert (sent.body, sent.headers["list"]) == (["b", "c"], ["b", "c"])


@pytest.mark.parametrize("given", ["b,a", None, {"a": 1}, 5])
def test_what_is_no_list_fails(bus, given):
    assert isinstance(bus.route("- sort: {}").send(given).error, ConversionFailed)


def test_values_that_cannot_be_compared_fail(bus):
    assert isinstance(bus.route("- sort: {}").send(["b", 1]).error, ClassCastException)


def test_a_comparator_decides(bus):
    bus.bind("backwards", lambda a, b: b - a)
    assert bus.route("- sort: {comparator: backwards}").send([1, 3, 2]).body == [3, 2, 1]
