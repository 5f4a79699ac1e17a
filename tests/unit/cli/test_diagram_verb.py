"""``esb diagram``."""

import json

import pytest
from project_files import write

ROUTES = (
    "- rest: {path: /a, get: [{to: 'direct:a'}], post: [{to: 'direct:b'}]}\n"
    "- route: {id: a, from: {uri: 'direct:a', steps: [{to: {uri: 'bus:q'}}]}}\n"
    "- route: {id: b, from: {uri: 'direct:b', steps: [{log: {message: x}}]}}\n"
)


@pytest.fixture
def shop(project):
    write(project, esb="{}\n", routes__a=ROUTES)
    return project


@pytest.mark.parametrize(("kind", "begin"), [("mermaid", "flowchart LR\n"), ("svg", "<svg "), ("ascii", "[a]\n")])
def test_all_routes_are_drawn(esb, shop, kind, begin):
    told = esb("-C", shop, "diagram", "--format", kind)
    assert told.code == 0
    assert told.out.startswith(begin)


@pytest.mark.parametrize(
    ("kind", "begin"), [("mermaid", "flowchart TB\n"), ("svg", "<svg "), ("ascii", "a  from direct:a\n")]
)
def test_one_route_is_drawn(esb, shop, kind, begin):
    assert esb("-C", shop, "diagram", "a", "--format", kind).out.startswith(begin)


def test_operations_of_rest_elements_are_routes_by_method_and_path(esb, shop):
    edges = json.loads(esb("-C", shop, "diagram", "--json").out)["edges"]
    assert {"from": "route GET /a", "to": "route a", "label": "", "dashed": False} in edges
    assert {"from": "route POST /a", "to": "route b", "label": "", "dashed": False} in edges


def test_a_file_is_written(esb, shop, tmp_path):
    assert esb("-C", shop, "diagram", "--format", "svg", "-o", tmp_path / "a.svg").out == ""
    assert (tmp_path / "a.svg").read_text().startswith("<svg ")


def test_a_route_that_is_not_there_is_told(esb, shop):
    told = esb("-C", shop, "diagram", "c")
    assert told.code == 78
    assert "unknown route 'c'" in told.err
