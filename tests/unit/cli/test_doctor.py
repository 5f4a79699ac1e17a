import json
import socket

from project_files import write


def findings(told, check: str) -> list[dict[str, str]]:
    return [one for one in json.loads(told.out)["findings"] if one["check"] == check]


def test_a_new_project_has_nothing_wrong_on_free_ports(esb, project):
    esb("new", project)
    write(project, esb='http: "127.0.0.1:0"\nmanagement: "127.0.0.1:0"\nstate: var\n')
    told = esb("-C", project, "doctor", "--json")
    assert (told.code, json.loads(told.out)["wrong"]) == (0, 0), told.out


def test_a_port_that_another_program_has_is_wrong_and_said_how_to_mend(esb, project):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        write(project, esb=f'http: "127.0.0.1:{port}"\nmanagement: "127.0.0.1:0"\n')
        (project / "routes").mkdir()
        told = esb("-C", project, "doctor", "--json")
    assert told.code == 1
    [taken] = [one for one in findings(told, "ports") if one["level"] == "wrong"]
    assert str(port) in taken["what"]
    assert "change 'http' in esb.yaml" in taken["fix"]


def test_a_broker_that_cannot_be_opened_is_wrong(esb, project):
    write(project, esb="broker: 'sqlite:/proc/nowhere/bus.db'\nmanagement: '127.0.0.1:0'\nhttp: '127.0.0.1:0'\n")
    (project / "routes").mkdir()
    told = esb("-C", project, "doctor", "--json")
    assert told.code == 1
    assert findings(told, "folders")


def test_a_secret_that_is_not_there_is_wrong_by_its_name_alone(esb, project):
    write(
        project,
        esb="{}\n",
        routes__a="- route: {from: {uri: 'direct:a', steps: [{setBody: {constant: '{{credential:erp}}'}}]}}\n",
    )
    [missing] = findings(esb("-C", project, "doctor", "--json"), "credentials")
    assert missing["level"] == "wrong"
    assert "erp" in missing["what"]


def test_a_project_that_cannot_be_read_is_told_and_the_machine_is_looked_at_all_the_same(esb, project):
    write(project, esb="projekt: x\n")
    told = esb("-C", project, "doctor", "--json")
    assert told.code == 1
    assert "projekt" in findings(told, "project")[0]["what"]
    assert findings(told, "python")


def test_people_are_told_what_why_and_how_to_mend(esb, project):
    write(project, esb="projekt: x\n")
    out = esb("-C", project, "doctor").out
    assert "why: nothing of it can run" in out
    assert "fix: " in out
