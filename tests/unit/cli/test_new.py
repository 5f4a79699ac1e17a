import json


def test_a_new_project_checks_and_passes_its_tests_at_once(esb, project):
    assert esb("new", project).code == 0
    assert esb("-C", project, "check").code == 0
    told = esb("-C", project, "test", "--json")
    assert told.code == 0
    assert json.loads(told.out)["passed"] == 2


def test_a_new_project_has_no_marker_file_that_would_hide_the_installed_adapters(esb, project):
    esb("new", project)
    assert not list(project.rglob("__init__.py"))
    assert (project / "adapters").is_dir()


def test_the_projects_name_is_written_into_its_files(esb, project):
    esb("new", project)
    assert "project: shop" in (project / "esb.yaml").read_text()
    assert not [file for file in project.rglob("*") if file.is_file() and "@NAME@" in file.read_text()]


def test_a_folder_that_holds_something_is_left_alone(esb, project):
    project.mkdir()
    (project / "mine").write_text("x")
    told = esb("new", project)
    assert told.code == 2
    assert "is not empty" in told.err
    assert [file.name for file in project.iterdir()] == ["mine"]


def test_an_empty_folder_may_be_used(esb, project):
    project.mkdir()
    assert "esb.yaml" in json.loads(esb("new", project, "--json").out)["files"]


def test_a_name_that_is_none_is_a_usage_error(esb, tmp_path):
    assert esb("new", tmp_path / "a b;c").code == 2


def test_an_order_that_comes_without_its_id_fails_instead_of_being_written_over_another(esb, project):
    esb("new", project)
    (project / "routes/tests/nameless.test.yaml").write_text(NAMELESS)
    told = esb("-C", project, "test", "-k", "nameless")
    assert told.code == 0, told.out


NAMELESS = """
properties: {out: "{{test.folder}}/out"}
tests:
  - name: nameless
    send: {to: "bus:orders", json: {orderId: A1, lines: [{sku: PEN, quantity: 2}]}}
    expect: {received: {"bus:orders.invalid": 1}, files: {"out/*": 0}}
"""
