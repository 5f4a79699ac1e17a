"""``esb eval`` and ``esb transform``: expressions and data tried on one message."""

from __future__ import annotations

import json

import pytest
from project_files import write

TYPES = "types: {Order: {fields: {id: {type: string, required: true}, total: {type: decimal, places: 2}}}}\n"


@pytest.fixture
def shop(project):
    write(project, esb="{}\n", schemas__crm=TYPES)
    return project


@pytest.mark.parametrize(
    ("language", "expression", "body", "told"),
    [
        ("simple", "Hi ${body}", "Ann", "Hi Ann\n"),
        ("jsonpath", "$.a", '{"a": [1, "x"]}', '[\n  1,\n  "x"\n]\n'),
        ("xpath", "/a/b", "<a><b>1</b></a>", '[\n  "<b>1</b>"\n]\n'),
        ("python", "None", "x", "null\n"),
    ],
)
def test_a_value_is_shown_as_people_read_it(esb, shop, language, expression, body, told):
    assert esb("-C", shop, "eval", language, expression, "--body", body).out == told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("simpl", "x"), "did you mean 'simple'"),
        (("simple", "${bdy}"), "did you mean 'body'"),
    ],
)
def test_a_slip_in_an_expression_is_told_with_the_nearest_name(esb, shop, arguments, told):
    done = esb("-C", shop, "eval", *arguments)
    assert done.code == 2
    assert told in done.err


def test_without_a_target_a_document_is_held_against_its_type(esb, shop):
    told = esb("-C", shop, "transform", "crm.Order", "--body", '{"id": "A1", "total": 1.5}')
    assert (told.code, json.loads(told.out)) == (0, {"id": "A1", "total": 1.5})


def test_what_is_not_valid_is_told_field_by_field_once(esb, shop):
    told = esb("-C", shop, "transform", "crm.Order", "--body", "{}")
    assert told.code == 1
    assert told.err.splitlines() == [
        "ValidationFailed: the data are not a valid crm.Order",
        "  id: Missing data for required field.",
    ]


def test_a_type_or_mapping_that_is_not_there_is_a_mistake_of_usage(esb, shop):
    told = esb("-C", shop, "transform", "crm.Ordr", "--body", "{}")
    assert told.code == 2
    assert "unknown data type 'crm.Ordr'; did you mean 'crm.Order'?" in told.err
    assert "unknown mapping 'crm.Order -> crm.Order'" in esb("-C", shop, "transform", "crm.Order", "crm.Order").err
