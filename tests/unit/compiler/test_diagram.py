"""Pictures of routes: what is drawn, and that no text of a route can break them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from esb.compiler.diagram.graph import Graph, Shape
from esb.compiler.diagram.inside import inside
from esb.compiler.diagram.layers import layers
from esb.compiler.diagram.mermaid import mermaid
from esb.compiler.diagram.plain import plain_route, plain_topology
from esb.compiler.diagram.svg import svg
from esb.compiler.diagram.topology import topology
from esb.dsl.document import parse_document
from esb.dsl.model import RouteDef
from esb.dsl.parse import Parser
from esb.dsl.placeholders import Properties
from esb.dsl.reader import read
from esb.errors import ConfigError
from esb.registry import Registry


def routes(text: str, **secrets: str) -> dict[str, RouteDef]:
    findings: list[ConfigError] = []
    parsed = parse_document(Parser(Registry(), Properties(secrets), findings), read(text))
    assert findings == []
    return {route.spec.id or "": route for route in parsed.routes}


def steps(text: str) -> RouteDef:
    return routes(f"- route: {{from: {{uri: 'direct:a', steps: [{text}]}}}}\n")[""]


def arrows(graph: Graph) -> list[str]:
    return [
        f"{graph.nodes[edge.source].label} {'..' if edge.dashed else '->'} {graph.nodes[edge.target].label}"
        + (f" if {edge.label}" if edge.label else "")
        for edge in graph.edges
    ]


def test_topology_shows_routes_and_the_endpoints_between_and_around_them():
    text = (
        "- route: {id: a, from: {uri: 'timer:t?period=5', steps: [{to: 'bus:q'}, {toD: 'http://h/${header.x}?y=1'}]}}\n"
        "- route: {id: b, from: {uri: 'bus:q', steps: [{log: x}, {to: 'log:x'}, {poll: 'seda:s'}]}}\n"
    )
    graph = topology(routes(text).items())
    assert arrows(graph) == ["timer:t -> a", "bus:q -> b", "a -> bus:q", "a .. http://h/${header.x}", "seda:s -> b"]
    assert graph.nodes["endpoint bus:q"].shape is Shape.CHANNEL


def test_a_call_is_an_arrow_from_route_to_route():
    text = (
        "- route: {id: a, from: {uri: 'timer:t', steps: [{filter: {simple: x, steps: [{to: 'direct:b'}]}}]}}\n"
        "- route: {id: b, from: {uri: 'direct:b', steps: [{log: x}]}}\n"
    )
    assert arrows(topology(routes(text).items())) == ["timer:t -> a", "a -> b"]


def test_recipients_and_dead_letters_are_drawn():
    text = (
        "- route: {id: a, from: {uri: 'timer:t', steps: [{recipientList: {constant: 'mock:a,mock:b'}}]},"
        " errorHandler: {deadLetterChannel: {deadLetterUri: 'bus:dead'}}}\n"
    )
    assert set(arrows(topology(routes(text).items()))) == {
        "timer:t -> a",
        "a -> mock:a",
        "a -> mock:b",
        "a -> bus:dead",
    }


def test_the_inside_of_a_route_follows_its_steps():
    assert arrows(inside(steps("{log: x}, {to: 'mock:b'}"), "a")) == [
        "direct:a -> log: x",
        "log: x -> send to mock:b",
    ]


def test_branches_part_and_meet_again():
    route = steps(
        "{choice: {when: [{simple: a, steps: [{log: x}]}, {header: h, steps: [{stop: {}}]}],"
        " otherwise: {steps: [{log: y}]}}}, {log: z}"
    )
    assert arrows(inside(route, "a")) == [
        "direct:a -> choice",
        "choice -> log: x if a",
        "choice -> stop if header: h",
        "choice -> log: y if otherwise",
        "log: x -> log: z",
        "log: y -> log: z",
    ]


def test_what_may_be_passed_by_has_an_arrow_past_it():
    drawn = arrows(inside(steps("{filter: {simple: a, steps: [{log: x}]}}, {log: z}"), "a"))
    assert "if simple a -> log: z if otherwise" in drawn


def test_each_step_of_a_multicast_is_a_way_of_its_own():
    drawn = arrows(inside(steps("{multicast: {steps: [{log: x}, {log: y}]}}"), "a"))
    assert [arrow.rpartition("-> ")[2] for arrow in drawn if "multicast" in arrow.partition("->")[0]] == [
        "log: x",
        "log: y",
    ]


def test_clauses_stand_apart():
    route = steps("{onException: {exception: [java.io.IOException], steps: [{log: x}]}}, {log: y}")
    assert arrows(inside(route, "a")) == ["direct:a -> log: y", "on IOException -> log: x"]


def test_disabled_steps_are_not_drawn():
    assert arrows(inside(steps("{log: {message: x, disabled: true}}, {log: y}"), "a")) == ["direct:a -> log: y"]


def test_a_route_as_text_is_a_tree():
    route = steps("{choice: {when: [{simple: a, steps: [{log: x}]}], otherwise: {steps: [{log: y}]}}}, {log: z}")
    assert plain_route(route, "r") == (
        "r  from direct:a\n+- choice\n|  +- a\n|  |  +- log: x\n|  +- otherwise\n|     +- log: y\n+- log: z\n"
    )


def test_a_topology_as_text_has_a_paragraph_a_route():
    text = "- route: {id: a, from: {uri: 'timer:t', steps: [{to: 'bus:q'}, {toD: 'bus:${header.x}'}]}}\n"
    assert plain_topology(topology(routes(text).items())) == "[a]\n  <-- timer:t\n  --> bus:q\n  ..> bus:${header.x}\n"


def test_secrets_are_not_drawn(tmp_path):
    (tmp_path / "pw").write_text("hunter2")
    findings: list[ConfigError] = []
    parser = Parser(Registry(), Properties(credentials=[tmp_path], environment={}), findings)
    text = (
        "- route: {id: a, from: {uri: 'timer:t', steps: [{to: 'http://u:{{credential:pw}}@h/?x={{credential:pw}}'}]}}\n"
    )
    [route] = parse_document(parser, read(text)).routes
    told = [
        draw(graph)
        for graph in (topology([("a", route)]), inside(route, "a"))
        for draw in (mermaid, svg, plain_topology)
    ]
    assert findings == []
    assert "hunter2" not in "".join([*told, plain_route(route, "a")])


LABELS = st.text(max_size=60)


@given(LABELS, LABELS)
def test_no_label_can_break_mermaid(label, way):
    graph = Graph("t")
    graph.edge(graph.node("a", label, Shape.STEP), graph.node("b", "b", Shape.STEP), way)
    _, first, _, arrow = mermaid(graph).rstrip("\n").split("\n")
    assert re.fullmatch(r'  n1\["([^"#;<>`\[\]{}]|#\d+;)*"\]', first)
    assert re.fullmatch(r'  n1 -->(\|"([^"#;<>`|]|#\d+;)*"\|)? n2', arrow)


@given(LABELS, LABELS, LABELS)
def test_no_label_can_break_svg(title, label, way):
    graph = Graph(title)
    graph.edge(graph.node("a", label, Shape.STEP), graph.node("b", "b", Shape.STEP), way)
    root = etree.fromstring(svg(graph).encode())
    assert {etree.QName(element).localname for element in root.iter()} <= {
        "svg", "title", "defs", "marker", "path", "rect", "g", "text",
    }  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_every_node_has_one_place_and_arrows_lead_onwards_unless_they_go_round(pairs):
    graph = Graph("t")
    for source, target in pairs:
        graph.edge(graph.node(f"{source}", "", Shape.STEP), graph.node(f"{target}", "", Shape.STEP))
    found = layers(graph)
    placed = [place for row in found.rows for place in row]
    assert sorted(place for place in placed if place in graph.nodes) == sorted(graph.nodes)
    assert len(placed) == len(set(placed))
    depth = {place: number for number, row in enumerate(found.rows) for place in row}
    for (source, target), bends in found.bends.items():
        assert [depth[place] for place in (source, *bends, target)] == list(range(depth[source], depth[target] + 1))


def boxes(text: str) -> Iterator[tuple[float, float, float, float]]:
    for rect in re.findall(r'<g><title>.*?<rect x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"', text):
        x, y, width, height = map(float, rect)
        yield x, y, x + width, y + height


@pytest.mark.parametrize("down", [True, False])
def test_boxes_do_not_overlap(down):
    graph = Graph("t", down=down)
    for number in range(12):
        graph.node(f"{number}", "word " * (number * 5), Shape.STEP)
    for source, target in ((0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (0, 4), (4, 5), (4, 6), (6, 1), (7, 8)):
        graph.edge(f"{source}", f"{target}")
    drawn = list(boxes(svg(graph)))
    assert len(drawn) == 12
    for number, (left, top, right, bottom) in enumerate(drawn):
        for other in drawn[number + 1 :]:
            assert other[0] >= right or other[2] <= left or other[1] >= bottom or other[3] <= top
