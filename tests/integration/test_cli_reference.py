"""The verbs on the reference deployment, as a user types them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def esb(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "esb", "-C", str(ROOT), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_deployments_own_tests_pass_and_reach_every_step_of_its_routes(tmp_path):
    told = esb("test", "--coverage", "--json", ESB_DATA=str(tmp_path))
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr
    result = json.loads(told.stdout)
    assert result["failed"] == 0
    bus = {route: one for route, one in result["coverage"].items() if not route.startswith("route")}
    missed = {route: one["missed"] for route, one in bus.items() if one["ran"] < one["steps"]}
    assert missed == {}


def test_tests_need_no_terminal_no_broker_and_leave_nothing_behind(tmp_path):
    told = esb("test", "routes/tests/orders.test.yaml", ESB_DATA=str(tmp_path), ESB_BROKER_URL="amqp://127.0.0.1:1/")
    assert told.returncode == 0, told.stdout
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_check_finds_nothing(tmp_path):
    told = esb("check", "--json", ESB_DATA=str(tmp_path))
    assert (told.returncode, json.loads(told.stdout)["findings"]) == (0, [])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_its_units_are_sound_and_safe(tmp_path):
    assert esb("units", "install", "--dir", str(tmp_path / "units"), ESB_DATA=str(tmp_path)).returncode == 0
    units = sorted((tmp_path / "units").glob("esb@*.service.d"))
    assert {unit.name for unit in units} >= {"esb@reference.service.d", "esb@erp.service.d"}
    for unit in units:
        file = tmp_path / "units" / unit.name.removesuffix(".d")
        checked = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    safe = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=15", tmp_path / "units" / "esb@.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert safe.returncode == 0, safe.stdout[-300:]
