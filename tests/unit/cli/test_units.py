"""The units, held against systemd's own tools where these are installed."""

import shutil
import subprocess
from pathlib import Path

import pytest
from project_files import write

from esb.project import Project
from esb.runtime.units.needs import needs_of

analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture
def installed(esb, project, tmp_path) -> Path:
    write(
        project,
        esb="project: shop\ndrain: 7s\ninstances: {crm: {routes: [routes/crm]}}\nproperties: {in: /srv/drop}\n",
        routes__a="- route: {from: {uri: 'file:{{in}}', steps: [{to: 'bus:a'}]}}\n",
        routes__crm__c="- route: {from: {uri: 'bus:c', steps: [{to: 'http://192.0.2.7:99/x'}, {setBody: {constant: '{{credential:crm-key}}'}}]}}\n",
    )
    folder = tmp_path / "units"
    told = esb("-C", project, "units", "install", "--dir", folder)
    assert told.code == 0, told.err
    return folder


@analyze
@pytest.mark.parametrize("unit", ["esb@crm.service", "esb@shop.service", "esb.target", "esb.slice"])
def test_systemd_finds_nothing_to_say_about_the_units(installed, unit):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", installed / unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@analyze
def test_the_hardening_scores_better_than_one_and_a_half(installed):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=15", installed / "esb@.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-200:]


def needs(installed: Path, name: str) -> str:
    return (installed / f"esb@{name}.service.d" / "needs.conf").read_text()


def test_folders_of_file_endpoints_may_be_written(installed):
    assert "ReadWritePaths=/srv/drop\n" in needs(installed, "shop")


def test_an_instance_may_write_only_what_its_own_routes_name(installed):
    assert "ReadWritePaths" not in needs(installed, "crm")


def test_partners_are_let_through_the_address_wall(installed):
    assert "IPAddressAllow=192.0.2.7\n" in needs(installed, "crm")
    assert "IPAddressAllow" not in needs(installed, "shop")


def test_secrets_that_routes_name_are_handed_over_as_credentials(installed):
    assert "LoadCredential=crm-key:/etc/esb/credentials/crm-key\n" in needs(installed, "crm")


def test_a_stop_has_the_time_to_drain(installed):
    assert "TimeoutStopSec=37\n" in needs(installed, "shop")


def test_the_projects_own_routes_run_without_an_instance_option(installed):
    [command] = [line for line in needs(installed, "shop").splitlines() if line.startswith("ExecStart=/")]
    assert "-i" not in command.split()
    assert "ExecStart" not in needs(installed, "crm")


def test_an_install_again_leaves_drop_ins_of_others_alone(esb, project, installed):
    own = installed / "esb@crm.service.d" / "zz-mine.conf"
    own.write_text("[Service]\nMemoryMax=2G\n")
    assert esb("-C", project, "units", "install", "--dir", installed).code == 0
    assert own.exists()


def test_units_of_a_user_name_no_user_and_no_system_target(esb, project, installed):
    told = esb("-C", project, "units", "show", "--user-dir", installed)
    assert "\nUser=" not in told.out
    assert "WantedBy=default.target" in told.out


def test_a_folder_that_cannot_be_written_is_said_with_the_way_out(esb, project, installed, tmp_path):
    (tmp_path / "file").write_text("")
    told = esb("-C", project, "units", "install", "--dir", tmp_path / "file")
    assert told.code == 78
    assert "run it with sudo, or name another folder" in told.err


def test_a_listener_for_everybody_lets_everybody_in(project):
    write(project, esb='http: "0.0.0.0:8080"\n')
    (project / "routes").mkdir()
    assert [address for address, _ in needs_of(Project.open(project), "x").addresses] == ["any"]


def test_a_low_port_brings_the_one_right_it_needs(esb, project):
    write(project, esb='http: "127.0.0.1:443"\n')
    (project / "routes").mkdir()
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in esb("-C", project, "units", "show").out


def test_a_property_may_hold_the_whole_endpoint(project):
    write(
        project,
        esb="properties: {out.uri: 'file:/srv/out'}\n",
        routes__a="- route: {from: {uri: 'direct:a', steps: [{to: '{{out.uri}}'}]}}\n",
    )
    assert [path for path, _ in needs_of(Project.open(project), "x").writes] == ["/srv/out"]


def test_a_path_that_depends_on_the_message_opens_the_folder_above_it(project):
    write(
        project,
        esb="{}\n",
        routes__a="- route: {from: {uri: 'direct:a', steps: [{toD: 'file:/srv/out/x-${header.day}?fileName=a'}]}}\n",
    )
    assert [path for path, _ in needs_of(Project.open(project), "x").writes] == ["/srv/out"]


def writes(project: Path, routes: str) -> list[str]:
    write(project, esb="properties: {box: /srv/box}\n", routes__a=routes)
    return [path for path, _ in needs_of(Project.open(project), "x").writes]


@pytest.mark.parametrize("option", ["move", "moveFailed", "preMove", "moveExisting"])
@pytest.mark.parametrize(
    ("told", "folder"),
    [
        ("/archive/${date:now:yyyy}/${file:name}", "/archive"),
        ("/archive", "/archive"),
        ("{{box}}", "/srv/box"),
        ("../done/${file:name}", "/srv/done"),
        ("${file:parent}/../done/${file:name}", "/srv/done"),
    ],
)
def test_the_folder_that_a_file_is_moved_to_may_be_written(project, option, told, folder):
    routes = f"- from: {{uri: 'file:/srv/in', parameters: {{{option}: '{told}'}}, steps: [{{to: 'bus:a'}}]}}\n"
    assert writes(project, routes) == sorted([folder, "/srv/in"])


def test_a_move_that_stands_in_the_uri_is_seen(project):
    routes = "- from: {uri: 'file:/srv/in?move=/srv/d%20ne/${file:name}&delay=1', steps: [{to: 'bus:a'}]}\n"
    assert writes(project, routes) == ["/srv/d ne", "/srv/in"]


@pytest.mark.parametrize(
    "told",
    [".done", "done/${file:name}", "${file:name}.bak", "${file:name.noext}-${date:now:yyyy/MM}", "{{esb.state}}/done"],
)
def test_a_move_below_the_folder_or_the_state_needs_no_more(project, told):
    routes = f"- from: {{uri: 'file:/srv/in', parameters: {{move: '{told}'}}, steps: [{{to: 'bus:a'}}]}}\n"
    assert writes(project, routes) == ["/srv/in"]


@pytest.mark.parametrize("told", ["${header.to}/${file:name}", "done/${file:name}/../../x"])
def test_a_move_that_only_the_message_knows_is_a_warning(project, told):
    assert writes(project, f"- from: {{uri: 'file:/srv/in', parameters: {{move: '{told}'}}, steps: []}}\n") == [
        "/srv/in"
    ]
    [warning] = needs_of(Project.open(project), "x").warnings
    assert "where move of the file endpoint at routes/a.yaml:1:15 moves files is known with the message only" in warning


def test_the_folder_of_a_store_elsewhere_may_be_written(project):
    kinds = (
        "esb.stores.sqlite:SqliteIdempotentRepository",
        "org.apache.camel.support.processor.idempotent.FileIdempotentRepository",
    )
    beans = [
        f"{{name: b{n}, type: '{kind}', constructors: {{'0': /srv/s{n}/seen.db}}}}" for n, kind in enumerate(kinds)
    ]
    assert writes(project, f"- beans: [{', '.join(beans)}]\n") == ["/srv/s0", "/srv/s1"]


def test_a_store_in_the_state_needs_no_more(project):
    routes = "- beans: [{name: b, type: 'esb.stores.sqlite:SqliteSagaService', constructors: {'0': '{{esb.state}}/saga.db'}}]\n"
    assert writes(project, routes) == []


def test_a_path_that_a_bean_of_the_project_is_given_is_a_warning(project):
    assert writes(project, "- beans: [{name: b, type: 'mine:Log', properties: {path: /srv/log/a}}]\n") == []
    [warning] = needs_of(Project.open(project), "x").warnings
    assert "is given /srv/log/a: add ReadWritePaths= for it" in warning


def test_the_folder_of_a_stream_that_is_written_may_be_written(project):
    assert writes(project, "- from: {uri: 'direct:a', steps: [{to: 'stream:file?fileName=/srv/log/a.txt'}]}\n") == [
        "/srv/log"
    ]


def listening(esb, project: Path, bind: str) -> str:
    write(project, esb=f'project: shop\nhttp: "{bind}"\n')
    (project / "routes").mkdir()
    return str(esb("-C", project, "units", "show").out)


def test_a_unix_socket_may_be_made_and_given_to_the_services_user(esb, project):
    told = listening(esb, project, "unix:/srv/shop/http")
    assert "ReadWritePaths=/srv/shop\n" in told
    # Behind the lines that take it away: later ones add to the list of the first.
    assert "\nSystemCallFilter=@chown\n" in told.partition("needs.conf")[2]


@analyze
def test_systemd_lets_a_service_with_a_unix_socket_give_it_to_its_user(esb, project, tmp_path):
    listening(esb, project, "unix:/srv/shop/http")
    esb("-C", project, "units", "install", "--dir", tmp_path / "units")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", tmp_path / "units" / "esb@shop.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "@privileged is included (e.g. chown is allowed)" in done.stdout


def test_a_unix_socket_in_the_runtime_directory_needs_no_folder(esb, project):
    assert "ReadWritePaths" not in listening(esb, project, "unix:/run/esb/shop/http")


def test_a_port_brings_no_right_to_give_files_away(esb, project):
    assert "@chown" not in listening(esb, project, "127.0.0.1:8080")


def test_a_unix_socket_where_the_service_may_not_write_is_a_warning(esb, project):
    assert "ReadWritePaths" not in listening(esb, project, "unix:/run/http")
    [warning] = needs_of(Project.open(project), "shop").warnings
    assert "give the socket a folder of its own, such as /srv/shop" in warning


@analyze
def test_a_folder_with_a_blank_is_one_folder(esb, tmp_path):
    project, folder = tmp_path / "my shop 100%", tmp_path / "units"
    write(project, esb="project: shop\n", routes__a="- from: {uri: 'file:/srv/in box', steps: [{to: 'bus:a'}]}\n")
    told = esb("-C", project, "units", "install", "--dir", folder, "--executable", "/bin/true")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", folder / "esb@shop.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert 'ReadWritePaths="/srv/in box"\n' in needs(folder, "shop")
    assert f"WorkingDirectory={tmp_path}/my shop 100%%\n" in (folder / "esb@.service").read_text()
    assert "install -d -o esb -g esb '/srv/in box'" in told.out


def test_the_address_of_a_broker_elsewhere_is_let_through(project):
    write(project, esb="broker: 'amqp://u:p@192.0.2.9:5672/'\n")
    (project / "routes").mkdir()
    assert ("192.0.2.9", "192.0.2.9 (as resolved now), the broker") in needs_of(Project.open(project), "x").addresses


def test_the_hosts_of_connection_factories_and_of_brokers_with_several_are_let_through(project):
    write(
        project,
        esb="broker: 'amqp://u:p@192.0.2.1:5672,192.0.2.2/'\n",
        routes__a="""
- beans:
    - name: erp
      type: org.springframework.amqp.rabbit.connection.CachingConnectionFactory
      properties: {addresses: "192.0.2.3:5672, 192.0.2.4"}
- from: {uri: rabbitmq:x, parameters: {addresses: "192.0.2.5:1"}, steps: [{to: "rabbitmq:y"}]}
""",
    )
    found = {address for address, _ in needs_of(Project.open(project), "x").addresses}
    assert {f"192.0.2.{number}" for number in range(1, 6)} <= found
