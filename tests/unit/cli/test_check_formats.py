"""How ``esb check`` tells its findings: lines, JSON, SARIF, annotations; of all files or of some; and what a code means."""

from __future__ import annotations

import json

import pytest
from project_files import write

from esb.cli._findings import codes

COMPACT = "- from: {uri: 'timer:t', steps: [%s]}\n"
WRONG = "- route: {from: {uri: 'timer:t', steps: [{tox: {}}]}}\n"


@pytest.fixture
def mixed(project):
    write(project, esb="{}\n", routes__a=WRONG, routes__b=COMPACT % "{to: {uri: 'seda:b, 50%'}}")
    return project


def test_findings_are_annotations_for_github(esb, mixed):
    told = esb("-C", mixed, "check", "--format", "github")
    assert told.code == 1
    lines = told.out.splitlines()
    assert (
        lines[0]
        == "::error file=routes/a.yaml,line=1,col=43,title=ESB-R012::unknown step 'tox'; did you mean 'to' or 'toD'?"
    )
    assert any(line.startswith("::warning file=routes/b.yaml,line=1,") and "50%25" in line for line in lines)


def test_findings_are_a_sarif_log(esb, mixed):
    told = esb("-C", mixed, "check", "--format", "sarif")
    assert told.code == 1
    log = json.loads(told.out)
    [run] = log["runs"]
    assert log["version"] == "2.1.0"
    first = run["results"][0]
    assert (first["ruleId"], first["level"]) == ("ESB-R012", "error")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "routes/a.yaml"
    assert place["region"] == {"startLine": 1, "startColumn": 43}
    assert {one["ruleId"] for one in run["results"]} == {rule["id"] for rule in run["tool"]["driver"]["rules"]}


def test_json_may_be_asked_for_both_ways(esb, mixed):
    assert esb("-C", mixed, "check", "--format", "json").out == esb("-C", mixed, "check", "--json").out


def test_only_what_is_wrong_in_the_named_files_is_told(esb, mixed):
    told = esb("-C", mixed, "check", "--json", "routes/b.yaml")
    assert told.code == 0
    assert {one["file"] for one in json.loads(told.out)["findings"]} == {"routes/b.yaml"}
    assert esb("-C", mixed, "check", mixed / "routes" / "a.yaml").code == 1
    assert esb("-C", mixed, "check", "routes").code == 1


def test_a_file_that_is_not_there_is_a_mistake_of_usage(esb, mixed):
    told = esb("-C", mixed, "check", "routes/c.yaml")
    assert told.code == 2
    assert "there is no file routes/c.yaml" in told.err


def test_many_compact_places_of_a_file_are_one_line(esb, project):
    write(project, esb="{}\n", routes__a=COMPACT % ", ".join(["{log: x}"] * 9))
    told = esb("-C", project, "check")
    assert told.out.splitlines() == [
        "routes/a.yaml:1:3 [ESB-L001] warning: the compact notation, here and in 9 places more of this file; 'esb fmt' rewrites them"
    ]
    assert "0 errors and 10 warnings in 1 route" in told.err
    assert len(json.loads(esb("-C", project, "check", "--json").out)["findings"]) == 10


@pytest.mark.parametrize("code", codes())
def test_every_code_is_explained(esb, project, code):
    told = esb("-C", project, "check", "--explain", code.lower())
    assert told.code == 0
    assert told.out.startswith(f"{code}: ")
    assert len(told.out) > len(code) + 12


def test_a_code_that_is_not_there_is_told_with_the_nearest(esb, project):
    told = esb("-C", project, "check", "--explain", "ESB-L0111")
    assert told.code == 2
    assert "did you mean 'ESB-L011'" in told.err
