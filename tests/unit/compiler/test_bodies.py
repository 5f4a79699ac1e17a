"""Following bodies through routes ends in time."""

from __future__ import annotations

from esb.compiler.bodies.infer import check_bodies
from esb.context import RouteContext


def test_routes_that_call_each_other_many_times_are_gone_through_once():
    calls = "{to: 'direct:r%d'}, " * 4
    routes = [
        f"- route: {{from: {{uri: 'direct:r{n}', steps: [{calls % ((n + 1,) * 4)} {{log: x}}]}}}}" for n in range(30)
    ]
    context = RouteContext()
    context.load("\n".join([*routes, "- route: {from: {uri: 'direct:r30', steps: [{log: x}]}}"]))
    assert check_bodies(context) == []  # 4 ** 20 ways otherwise
    context.stop(1)
