"""``esb fmt``."""

import json
from pathlib import Path

import pytest
from project_files import write

COMPACT = "- from:\n    uri: direct:a\n    steps:\n      - to: mock:a   # there\n"
CANONICAL = "- route:\n    from:\n      uri: direct:a\n      steps:\n        - to:\n            uri: mock:a   # there\n"


@pytest.fixture
def shop(project):
    write(project, esb="project: shop\ninstances: {other: {routes: [more]}}\n", routes__a=COMPACT, more__b=COMPACT)
    return project


def test_all_files_of_the_project_and_its_instances_are_rewritten(esb, shop):
    assert esb("-C", shop, "fmt").code == 0
    assert (shop / "routes/a.yaml").read_text() == CANONICAL
    assert (shop / "more/b.yaml").read_text() == CANONICAL


def test_kamelets_are_rewritten_too(esb, shop):
    kamelet = "kind: Kamelet\nspec: {template: {from: {uri: 'kamelet:source', steps: [{to: 'kamelet:sink'}]}}}\n"
    write(shop, **{"kamelets__a.kamelet": kamelet})
    assert esb("-C", shop, "fmt").code == 0
    assert "{to: {uri: 'kamelet:sink'}}" in (shop / "kamelets/a.kamelet.yaml").read_text()


def test_a_second_run_changes_nothing(esb, shop):
    esb("-C", shop, "fmt")
    assert esb("-C", shop, "fmt").out == "all files are canonical\n"


def test_check_writes_nothing_and_fails(esb, shop):
    assert esb("-C", shop, "fmt", "--check").code == 1
    assert (shop / "routes/a.yaml").read_text() == COMPACT


def test_check_is_content_with_canonical_files(esb, shop):
    esb("-C", shop, "fmt")
    assert esb("-C", shop, "fmt", "--check").code == 0


def test_diff_shows_the_lines_and_writes_nothing(esb, shop):
    told = esb("fmt", "--diff", shop / "routes/a.yaml")
    assert "-      - to: mock:a   # there" in told.out
    assert "+            uri: mock:a   # there" in told.out
    assert (shop / "routes/a.yaml").read_text() == COMPACT


def test_the_mode_of_a_file_stays(esb, shop):
    (shop / "routes/a.yaml").chmod(0o640)
    esb("-C", shop, "fmt")
    assert (shop / "routes/a.yaml").stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_no_yaml_is_a_finding_and_the_others_are_rewritten(esb, shop):
    write(shop, routes__bad="- a: {{\n")
    told = esb("-C", shop, "fmt", "--json")
    assert told.code == 1
    assert [one["line"] for one in json.loads(told.out)["findings"]] == [1]
    assert (shop / "routes/a.yaml").read_text() == CANONICAL


def test_of_a_folder_the_route_files_are_rewritten(esb, shop):
    write(shop, routes__tests__t="- test: of something\n")
    assert esb("-C", shop, "fmt", shop / "routes").code == 0
    assert (shop / "routes/a.yaml").read_text() == CANONICAL
    assert (shop / "more/b.yaml").read_text() == COMPACT


def test_the_routes_of_this_repository_are_canonical(esb):
    told = esb("-C", Path(__file__).parents[3], "fmt", "--check")
    assert (told.code, told.out) == (0, "all files are canonical\n")
