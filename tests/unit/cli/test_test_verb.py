"""``esb test`` as a command: what it prints, and its exit codes. The engine has tests of its own."""

import json

import pytest
from project_files import write

ROUTES = """
- route:
    id: twice
    from:
      uri: direct:in
      steps: [{setBody: {simple: '${body}${body}'}}, {filter: {constant: 'false', steps: [{to: 'mock:never'}]}}]
"""


@pytest.fixture
def shop(project):
    write(project, esb="{}\n", routes__all=ROUTES)
    return project


def document(shop, text: str) -> None:
    (shop / "routes" / "tests").mkdir(exist_ok=True)
    (shop / "routes" / "tests" / "a.test.yaml").write_text(text)


GOOD = "tests:\n  - {name: doubles, send: {to: direct:in, body: a}, expect: {body: aa}}\n"
BAD = "tests:\n  - {name: triples, send: {to: direct:in, body: a}, expect: {body: aaa}}\n"


def test_tests_that_pass_exit_with_nothing_but_a_sum(esb, shop):
    document(shop, GOOD)
    told = esb("-C", shop, "test")
    assert told.code == 0
    assert told.out.startswith("1 test, 0 failed, ")


def test_a_failure_names_the_file_and_line_of_the_expectation_and_what_differs(esb, shop):
    document(shop, GOOD + BAD.removeprefix("tests:\n"))
    told = esb("-C", shop, "test")
    assert told.code == 1
    assert "routes/tests/a.test.yaml:3:" in told.out
    assert 'body: expected "aaa", got "aa"' in told.out
    assert "2 tests, 1 failed" in told.out


def test_verbose_names_those_that_pass(esb, shop):
    document(shop, GOOD)
    assert "ok   doubles" in esb("-C", shop, "test", "-v").out


def test_json_has_every_test_with_its_failures(esb, shop):
    document(shop, BAD)
    told = esb("-C", shop, "test", "--json")
    result = json.loads(told.out)
    assert (told.code, result["passed"], result["failed"]) == (1, 0, 1)
    [one] = result["tests"]
    assert (one["name"], one["line"], one["passed"]) == ("triples", 2, False)
    assert one["failures"][0]["at"].startswith("routes/tests/a.test.yaml:2:")


def test_a_document_that_is_wrong_is_a_finding_and_the_others_run(esb, shop):
    document(shop, GOOD)
    (shop / "routes" / "tests" / "b.test.yaml").write_text("tests: [{sned: {}}]\n")
    told = esb("-C", shop, "test", "--json")
    result = json.loads(told.out)
    assert (told.code, result["passed"]) == (1, 1)
    assert any("sned" in finding for finding in result["findings"])


def test_tests_are_chosen_by_file_and_by_name(esb, shop):
    document(shop, GOOD + BAD.removeprefix("tests:\n"))
    (shop / "other.test.yaml").write_text(GOOD)
    assert esb("-C", shop, "test", "-k", "doub").code == 0
    assert "1 test, 0 failed" in esb("-C", shop, "test", shop / "other.test.yaml").out
    assert "2 tests" in esb("-C", shop, "test", shop / "routes").out


def test_a_file_that_is_not_there_is_said(esb, shop):
    assert "there is no test file nothing.yaml" in esb("-C", shop, "test", "nothing.yaml").err


def test_no_tests_at_all_are_no_success(esb, shop):
    told = esb("-C", shop, "test")
    assert told.code == 1
    assert "there are no tests" in told.err


def test_coverage_names_the_steps_that_no_test_reached(esb, shop):
    document(shop, GOOD)
    told = esb("-C", shop, "test", "--coverage")
    assert "twice    2 of   3 steps   66 %" in " ".join(told.out.splitlines())
    assert "not run: routes/all.yaml:6:" in told.out
    assert "to to1" in told.out
