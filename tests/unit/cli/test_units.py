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


def test_a_path_that_depends_on_the_message_opens_the_folder_above_it(project):
    write(
        project,
        esb="{}\n",
        routes__a="- route: {from: {uri: 'direct:a', steps: [{toD: 'file:/srv/out/x-${header.day}?fileName=a'}]}}\n",
    )
    assert [path for path, _ in needs_of(Project.open(project), "x").writes] == ["/srv/out"]


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
