"""What all verbs have in common."""

import json
import re

import click
import pytest

from esb.cli.main import Verbs, cli

VERBS = Verbs("esb").list_commands(click.Context(cli))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(esb, verb):
    told = esb(verb, "--help")
    assert told.code == 0
    assert "Example:" in told.out


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in {"run", "bus", "dlq", "units", "wsdl"}])
def test_every_verb_tells_its_result_as_json_if_asked(esb, verb):
    assert "--json" in esb(verb, "--help").out


def test_a_verb_that_is_not_there_is_a_usage_error_with_the_nearest_name(esb):
    told = esb("chekc")
    assert told.code == 2
    assert "did you mean 'check'" in told.err


def test_a_folder_that_is_not_there_is_a_configuration_error_without_a_traceback(esb, tmp_path):
    told = esb("-C", tmp_path / "nowhere", "check")
    assert told.code in {1, 78}
    assert "there is no folder" in told.out + told.err
    assert "Traceback" not in told.err


def test_a_project_that_does_not_run_is_said_so_by_status_stop_and_reload(esb, project):
    esb("new", project)
    assert (project / "esb.yaml").exists()
    for verb in ("stop", "reload"):
        told = esb("-C", project, verb)
        assert told.code == 1
        assert re.search("shop is not running; start it with 'esb run'", told.err)
    told = esb("-C", project, "-p", "env:X=1", "status", "--json")
    assert told.code == 1
    assert json.loads(told.out)["shop"]["health"] == "not running"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("simple", "${body} for ${header.name}", "--body", "tea", "-H", "name=Ann"), "tea for Ann\n"),
        (("jsonpath", "$.a[0]", "--body", '{"a": [7]}'), "7\n"),
        (("simple", "${null}"), "null\n"),
    ],
)
def test_eval_prints_what_an_expression_gives(esb, project, arguments, told):
    esb("new", project)
    assert esb("-C", project, "eval", *arguments).out == told


def test_eval_of_a_condition_that_is_false_exits_with_one(esb, project):
    esb("new", project)
    assert esb("-C", project, "eval", "simple", "${body} == 'a'", "--body", "b", "--predicate").code == 1
    assert esb("-C", project, "eval", "simple", "${body} == 'a'", "--body", "a", "--predicate").code == 0


@pytest.mark.parametrize(("language", "expression"), [("simpel", "x"), ("simple", "${body")])
def test_eval_of_what_is_no_expression_is_a_usage_error(esb, project, language, expression):
    esb("new", project)
    told = esb("-C", project, "eval", language, expression)
    assert told.code == 2
    assert "ESB-R" in told.err


def test_catalog_lists_what_routes_may_name_and_the_options_of_one(esb, project):
    esb("new", project)
    assert "choice" in json.loads(esb("-C", project, "catalog", "steps", "--json").out)["steps"]
    options = json.loads(esb("-C", project, "catalog", "components", "bus", "--json").out)["options"]
    assert options["concurrentConsumers"]["default"] == 1
    assert esb("-C", project, "catalog", "components", "bsu").code == 2


def test_send_to_direct_runs_the_projects_routes_here(esb, project):
    esb("new", project)
    good = esb(
        "-C", project, "send", "direct:accept", "--body", '{"orderId": "A1", "lines": [{"sku": "P", "quantity": 1}]}'
    )
    assert (good.code, json.loads(good.out)) == (0, {"id": "A1", "status": "accepted"})
    bad = esb("-C", project, "send", "direct:accept", "--body", "{}")
    assert bad.code == 1
    assert "ValidationFailed" in bad.err


def test_transform_shows_the_report_of_a_document_that_breaks_its_type(esb, project):
    esb("new", project)
    told = esb("-C", project, "transform", "orders.Order", "orders.Line", "--body", '{"orderId": "A1"}')
    assert told.code != 0
    assert "Traceback" not in told.err
