"""mustache, validator, json-validator, stream, browse, dataset-test: what the recorded cases of Camel do not show."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.components._mustache import compile_template
from esb.context import RouteContext
from esb.errors import ConfigErrors, ValidationFailed
from esb.exchange import IN_OUT, Exchange


def running(folder, *uris):
    context = RouteContext("t", {}, folder=folder)
    steps = ", ".join(f'{{to: "{uri}"}}' for uri in uris)
    context.load(f"- from: {{uri: 'direct:start', steps: [{steps}]}}", "r.yaml")
    context.start()
    return context


def sent(context, body, **headers):
    exchange = Exchange(body, headers, pattern=IN_OUT)
    context.send("direct:start", exchange)
    return exchange


@given(st.text(max_size=80))
def test_a_value_is_never_read_as_a_template(value):
    fill = compile_template("<{{{v}}}>")
    assert fill({"v": value}) == f"<{value}>"


@given(st.text(alphabet="{}#/^!=&>ab \n", max_size=30))
def test_any_text_is_a_template_or_refused_with_a_reason(source):
    try:
        fill = compile_template(source)
    except ValueError as error:
        told = str(error)
    else:
        told = fill({"a": [1, 2], "b": {}}) + "."
    assert told


@pytest.mark.parametrize("source", ["{{#a}}", "{{/a}}", "{{a", "{{> other}}", "{{=x}}", "{{#a}}{{/b}}"])
def test_a_wrong_template_is_refused_at_load(tmp_path, source):
    (tmp_path / "t").write_text(source)
    with pytest.raises(ConfigErrors, match="mustache"):
        running(tmp_path, "mustache:file:t")


def test_a_template_reaches_no_attribute_of_what_it_shows():
    assert compile_template("<{{body.__class__}}{{body.upper}}>")({"body": "x"}) == "<>"


def test_a_json_schema_may_refer_to_another_file_of_the_project(tmp_path):
    (tmp_path / "id.json").write_text('{"type": "integer"}')
    (tmp_path / "s.json").write_text('{"properties": {"id": {"$ref": "id.json"}}}')
    context = running(tmp_path, "json-validator:file:s.json")
    assert sent(context, '{"id": 1}').error is None
    failed = sent(context, '{"id": "x"}').error
    context.stop()
    assert isinstance(failed, ValidationFailed)
    assert [row["path"] for row in failed.report] == ["$.id"]


@pytest.mark.parametrize("ref", ["http://127.0.0.1:9/s.json", "https://example.invalid/s.json", "nowhere.json"])
def test_a_json_schema_fetches_nothing(tmp_path, ref):
    (tmp_path / "s.json").write_text(json.dumps({"$ref": ref}))
    with pytest.raises(ConfigErrors, match=r"no JSON Schema|cannot be read"):
        running(tmp_path, "json-validator:file:s.json")


@pytest.mark.parametrize("scheme", ["json-validator", "validator", "mustache"])
def test_a_resource_that_is_not_there_is_told_at_load(tmp_path, scheme):
    with pytest.raises(ConfigErrors, match="cannot be read"):
        running(tmp_path, f"{scheme}:file:nowhere")


def test_an_xml_schema_may_include_another_file_of_the_project(tmp_path):
    head = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "n.xsd").write_text(
        f'{head}<xs:simpleType name="n"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>'
    )
    (tmp_path / "s.xsd").write_text(
        f'{head}<xs:include schemaLocation="parts/n.xsd"/><xs:element name="a" type="n"/></xs:schema>'
    )
    context = running(tmp_path, "validator:file:s.xsd")
    assert sent(context, "<a>1</a>").error is None
    assert isinstance(sent(context, "<a>x</a>").error, ValidationFailed)
    assert isinstance(sent(context, "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>").error, ValidationFailed)
    context.stop()


def test_an_xml_schema_takes_in_nothing_from_elsewhere(tmp_path):
    head = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    (tmp_path / "s.xsd").write_text(
        f'{head}<xs:include schemaLocation="http://127.0.0.1:9/n.xsd"/><xs:element name="a" type="n"/></xs:schema>'
    )
    with pytest.raises(ConfigErrors, match="nothing is fetched"):
        running(tmp_path, "validator:file:s.xsd")


def test_lines_of_a_file_are_grouped_and_its_last_one_is_marked(tmp_path):
    (tmp_path / "in.txt").write_text("a\nb\nc")
    context = RouteContext("t", {}, folder=tmp_path)
    context.load("- from: {uri: 'stream:file?fileName=in.txt&groupLines=2', steps: [{to: 'mock:end'}]}", "r.yaml")
    context.start()
    end = context.endpoint("mock:end")
    assert end.wait(2)
    context.stop()
    assert [(one.body, one.headers["CamelStreamComplete"]) for one in end.received] == [
        (["a", "b"], False),
        (["c"], True),
    ]


def test_a_growing_file_is_read_on_and_half_a_line_waits_for_its_end(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("a\nb")
    context = RouteContext("t", {}, folder=tmp_path)
    uri = "stream:file?fileName=in.txt&scanStream=true&scanStreamDelay=10"
    context.load(f"- from: {{uri: '{uri}', steps: [{{to: 'mock:end'}}]}}", "r.yaml")
    context.start()
    end = context.endpoint("mock:end")
    assert end.wait(1)
    with path.open("a") as file:
        file.write("b\nc\n")
    assert end.wait(3)
    context.stop()
    assert [one.body for one in end.received] == ["a", "bb", "c"]


def test_browse_keeps_the_newest_messages_as_they_came(tmp_path):
    context = running(tmp_path, "browse:seen?browseLimit=2")
    for body in "abc":
        sent(context, body)
    kept = [message.body for message in context.endpoint("browse:seen?browseLimit=2").kept]
    context.stop()
    assert kept == ["b", "c"]


def test_what_a_dataset_test_expects_are_the_messages_of_the_other_endpoint(tmp_path):
    (tmp_path / "want").mkdir()
    (tmp_path / "want" / "a.txt").write_text("one\ntwo")
    uri = "dataset-test:file:want?noop=true&timeout=0&split=true"
    context = running(tmp_path, uri)
    endpoint = context.endpoint(uri)
    sent(context, "one")
    with pytest.raises(AssertionError, match="expected 2"):
        endpoint.assert_satisfied(0)
    sent(context, "two")
    endpoint.assert_satisfied()
    context.stop()
