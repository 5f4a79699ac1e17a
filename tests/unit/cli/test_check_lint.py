"""The linter in ``esb check``."""

import json

import pytest
from project_files import write

ROUTE = "- route: {id: %s, from: {uri: '%s', steps: [{to: {uri: '%s'}}]}}\n"


def findings(esb, project, *arguments):
    told = esb("-C", project, "check", "--json", *arguments)
    return told.code, [(one["level"], one["code"], one["line"]) for one in json.loads(told.out)["findings"]]


def test_a_warning_is_told_and_does_not_fail(esb, project):
    write(project, esb="{}\n", routes__a=ROUTE % ("a", "timer:a", "seda:b"))
    assert findings(esb, project) == (0, [("warning", "ESB-L011", 1)])


def test_a_warning_fails_a_strict_check(esb, project):
    write(project, esb="{}\n", routes__a=ROUTE % ("a", "timer:a", "seda:b"))
    assert findings(esb, project, "--strict")[0] == 1


def test_an_error_of_the_linter_fails(esb, project):
    write(project, esb="{}\n", routes__a=ROUTE % ("a", "timer:a", "direct:b"))
    assert findings(esb, project) == (1, [("error", "ESB-L010", 1)])


def test_the_linter_tells_its_findings_beside_those_of_the_load(esb, project):
    write(project, esb="{}\n", routes__a="- from: {uri: 'timer:a', steps: [{log: a}, {tox: b}]}\n")
    told = [("warning", "ESB-L001", 1), ("warning", "ESB-L001", 1), ("error", "ESB-R012", 1)]
    assert findings(esb, project) == (1, told)


@pytest.mark.parametrize(("broker", "told"), [("", [("warning", "ESB-L011", 1)]), ("broker: sqlite:bus.db\n", [])])
def test_instances_hear_each_other_only_at_the_same_broker(esb, project, broker, told):
    instances = "instances:\n  i: {routes: [a.yaml]}\n  j: {routes: [b.yaml]}\n"
    write(project, esb=f"{broker}{instances}", a=ROUTE % ("a", "timer:a", "bus:b"), b=ROUTE % ("b", "bus:b", "log:b"))
    (project / "routes").mkdir()
    assert findings(esb, project) == (0, told)


def test_a_comment_allows_a_finding(esb, project):
    write(project, esb="{}\n", routes__a="# esb: allow ESB-L011 the OA reads it\n" + ROUTE % ("a", "timer:a", "seda:b"))
    assert findings(esb, project, "--strict") == (0, [])


def test_a_secret_and_a_dead_property_of_the_projects_file_are_told(esb, project):
    write(project, esb="broker: amqp://u:p@h/\nproperties: {a: 1}\n", routes__a=ROUTE % ("a", "timer:a", "log:b"))
    assert findings(esb, project) == (0, [("warning", "ESB-L030", 1), ("warning", "ESB-L041", 2)])


UNNAMED = """
- route:
    id: a
    from:
      uri: timer:a
      steps:
        - idempotentConsumer:%s
            expression: {header: {expression: id}}
            idempotentRepository: "#class:esb.stores.sqlite:SqliteIdempotentRepository"
            steps: [{log: {message: x}}]
"""


@pytest.mark.parametrize(
    ("line", "told"),
    [("", [("warning", "ESB-L044", 7)]), ("  # esb: allow ESB-L044 never changed", []), ("\n            id: once", [])],
)
def test_what_the_load_warns_of_is_a_finding(esb, project, line, told):
    write(project, esb="instances: {other: {}}\n", routes__a=UNNAMED % line)
    assert findings(esb, project) == (0, told)
