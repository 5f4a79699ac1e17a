"""The paths of a web server: what is remembered of a match never outlives a change."""

from __future__ import annotations

import pytest

from esb.runtime.paths import Paths
from esb.runtime.web import _split


def handler(_request, _respond) -> None:
    pass


def test_a_path_without_parameters_is_found_again_and_again() -> None:
    paths = Paths()
    orders = paths.mount(["POST"], "/orders", handler)
    assert [paths.find("POST", "/orders") for _ in range(3)] == [(orders, {})] * 3
    assert [paths.find("GET", "/orders") for _ in range(2)] == [405, 405]


def test_parameters_are_those_of_each_request() -> None:
    paths = Paths()
    order = paths.mount([], "/orders/{id}", handler)
    assert [paths.find("GET", f"/orders/{number}") for number in (1, 2)] == [(order, {"id": "1"}), (order, {"id": "2"})]


def test_a_path_that_was_taken_away_is_not_found_any_more() -> None:
    paths = Paths()
    mounted = paths.mount(["GET"], "/a", handler)
    assert paths.find("GET", "/a") == (mounted, {})
    mounted.remove()
    assert paths.find("GET", "/a") == 404
    again = paths.mount(["GET"], "/a", handler)
    assert paths.find("GET", "/a") == (again, {})


def test_methods_that_clients_make_up_fill_no_memory() -> None:
    paths = Paths()
    mounted = paths.mount([], "/a", handler)
    assert all(paths.find(f"M{number}", "/a") == (mounted, {}) for number in range(1500))
    assert len(paths._routes._known) == 1000


@pytest.mark.parametrize("number", range(128))
def test_a_header_may_hold_a_tab_and_no_other_control_character(number: int) -> None:
    assert _split(f"a{chr(number)}b") is (number == 127 or (number < 32 and number != 9))


def test_head_goes_to_the_path_that_answers_it_else_to_the_one_that_answers_get() -> None:
    paths = Paths()
    anything = paths.mount([], "/", handler, prefix=True)
    read = paths.mount(["GET"], "/a", handler)
    assert paths.find("HEAD", "/a") == (read, {})
    asked = paths.mount(["HEAD"], "/a", handler)
    assert [paths.find(method, "/a")[0] for method in ("HEAD", "GET", "POST")] == [asked, read, anything]
    alone = paths.mount(["HEAD"], "/b", handler)
    assert paths.find("HEAD", "/b") == (alone, {})
