"""The JSON Schema of route files says what the parser says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
from yaml import YAMLError

from esb.dsl.nodes import to_python
from esb.dsl.reader import read
from esb.dsl.schema import schema
from esb.errors import ConfigError
from tests.unit.dsl.documents import CASES, REGISTRY, WITHOUT_ORACLE, in_style, model

SCHEMA = schema(REGISTRY)
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
ROOT = Path(__file__).parents[3]
BEYOND = {
    "yaml/not-a-list": "a document that is a map of no known kind does nothing, as in Camel: an editor should say so",
}
"""Documents that the parser takes and the schema refuses, with the reason."""
_NOT_SAID = (
    "needs at least one step",
    "stands before the routes",
    "is neither true nor false",
    "stands inside a block",
)
"""What the parser refuses and no schema can say: order, what a placeholder's value is, what stands around."""


def valid(text: str) -> bool:
    return VALIDATOR.is_valid(to_python(read(text)))


def step(text: str) -> str:
    return f"- route: {{from: {{uri: 'direct:a', steps: [{text}]}}}}"


def test_it_is_a_schema_and_json():
    jsonschema_rs.meta.validate(json.loads(json.dumps(SCHEMA)))


@pytest.mark.slow
@pytest.mark.skipif(not CASES, reason=WITHOUT_ORACLE)
@pytest.mark.parametrize("flow", [True, False])
def test_it_takes_exactly_those_documents_of_the_oracle_that_the_parser_takes(flow):
    different = []
    for case in CASES:
        try:
            text = in_style(case.routes, flow=flow)
            findings = model(text)[1]
        except (ConfigError, YAMLError):
            continue  # not YAML
        said = [one for one in findings if not any(words in one for words in _NOT_SAID)]
        if valid(text) == bool(said) and case.name not in BEYOND:
            different.append(case.name)
    assert different == []


@pytest.mark.parametrize("file", sorted((ROOT / "routes").rglob("*.yaml")), ids=lambda file: file.name)
def test_it_takes_the_routes_of_this_repository(file):
    if not file.name.endswith(".test.yaml"):
        VALIDATOR.validate(to_python(read(file)))


@pytest.mark.parametrize(
    "text",
    [
        "{to: 'mock:a'}",
        "{to: {uri: 'mock:a', parameters: {x: 1}}}",
        "{setBody: {simple: x}}",
        "{setBody: {expression: {simple: {expression: x}}}}",
        "{setBody: {expression: {constant: 5}}}",
        "{delay: {constant: 100, asyncDelayed: '{{a}}'}}",
        "{loop: {constant: 3, do-while: true, steps: [{stop: }]}}",
        "{log: {message: x, loggingLevel: warn}}",
        "{marshal: {json: }}",
        "{split: {tokenize: ',', parallelProcessing: 'TRUE', timeout: 5s, steps: }}",
        "{setBody: {expression: {csimple: {expression: x}}}}",
        "{saga: {compensation: {id: undo, uri: 'direct:b'}}}",
    ],
)
def test_it_takes_both_notations_and_placeholders(text):
    assert valid(step(text))


@pytest.mark.parametrize(
    "text",
    [
        "{tox: 'mock:a'}",
        "{to: {urn: 'mock:a'}}",
        "{to: }",
        "{to: {parameters: {}}}",
        "{to: 'mock:a', log: x}",
        "'to:mock:a'",
        "{setBody: {simpel: x}}",
        "{setBody: {}}",
        "{setBody: {simple: {expresion: x}}}",
        "{marshal: {jsonn: {}}}",
        "{split: {simple: x, parallelProcessing: 'yes', steps: []}}",
        "{split: {simple: x, timeout: soon, steps: []}}",
        "{log: {message: x, loggingLevel: LOUD}}",
        "{choice: {when: [{simple: x, stepps: []}]}}",
        "{filter: {simple: x, steps: {to: 'mock:a'}}}",
    ],
)
def test_it_refuses_what_the_parser_does_not_know(text):
    assert not valid(step(text))


def test_it_takes_what_says_who_and_why_wherever_camel_does():
    assert valid("- errorHandler: {id: e, noErrorHandler: {}}")
    assert valid("- route: {inputType: {urn: 'a:b', note: why}, from: {uri: 'direct:a', steps: [{log: x}]}}")


@pytest.mark.parametrize("text", ["- rout: {}", "- 5", "5", "{a: b}", "- beans: {}", "- steps: []"])
def test_it_refuses_what_is_no_element(text):
    assert not valid(text)


def test_a_fault_is_told_where_it_is():
    [error] = VALIDATOR.iter_errors(to_python(read(step("{filter: {simple: x, steps: [{tox: a}]}}"))))
    assert error.instance_path == [0, "route", "from", "steps", 0, "filter", "steps", 0]
    assert "tox" in error.message


def test_every_option_that_has_a_text_is_described():
    described = SCHEMA["definitions"]["to.ToSpec"]["properties"]["parameters"]
    assert described["description"].startswith("Its options")
