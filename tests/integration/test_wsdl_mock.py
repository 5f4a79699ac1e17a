"""``esb wsdl mock`` as a user starts it, called by the bus's own client over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.soap import wsdl
from adapters.soap.client import SoapCaller
from adapters.soap.messages import Contract
from esb.errors import Rejected, RemoteFault
from esb.httpcall import HttpCaller

ROOT = Path(__file__).parents[2]
ERP = ROOT / "schemas" / "erp" / "erp.wsdl"
ORDER = {
    "orderId": "1",
    "customer": "c",
    "line": [{"sku": "s", "quantity": 1, "unitPrice": {"$": "1", "currency": "EUR"}}],
}
ANSWERS = {"operations": {"CreateSalesOrder": {"answer": {"salesOrderNumber": "SO-7", "status": "BLOCKED"}}}}


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """Its address, and the lines that it tells."""
    answers = tmp_path_factory.mktemp("mock") / "answers.json"
    answers.write_text(json.dumps(ANSWERS))
    command = [
        sys.executable,
        "-m",
        "esb",
        "wsdl",
        "mock",
        str(ERP),
        "--port",
        "0",
        "--json",
        "--answers",
        str(answers),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout is not None
    with process.stdout as lines:
        yield json.loads(lines.readline())["url"], lines
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def call(url: str, operation: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    http = HttpCaller()
    try:
        caller = SoapCaller(Contract(wsdl.load(ERP)), http, address=url, http_headers=headers, timeout=60)
        return caller.call(operation, body).body
    finally:
        http.close()


def test_a_call_gets_the_answer_of_the_file_and_is_told(mock: tuple[str, Any]) -> None:
    url, lines = mock
    assert call(url, "CreateSalesOrder", ORDER) == ANSWERS["operations"]["CreateSalesOrder"]["answer"]
    told = (json.loads(line) for line in iter(lines.readline, ""))  # other tests share the mock: theirs may come first
    assert any((one["operation"], one["outcome"]) == ("CreateSalesOrder", "answer") for one in told)


def test_an_operation_without_an_answer_gets_a_sample(mock: tuple[str, Any]) -> None:
    body = call(mock[0], "GetSalesOrder", {"salesOrderNumber": "7"})
    assert body["status"] == "CREATED"


def test_a_declared_fault_comes_on_demand(mock: tuple[str, Any]) -> None:
    with pytest.raises(RemoteFault) as told:
        call(mock[0], "CreateSalesOrder", ORDER, {"X-Mock-Fault": "BusinessFault"})
    assert told.value.detail["BusinessFault"]["code"] == "code"


def test_an_http_status_comes_on_demand(mock: tuple[str, Any]) -> None:
    with pytest.raises(Rejected, match="503"):
        call(mock[0], "CreateSalesOrder", ORDER, {"X-Mock-Status": "503"})


def test_the_contract_is_published_with_the_mock_s_address(mock: tuple[str, Any]) -> None:
    import urllib.request

    with urllib.request.urlopen(mock[0] + "/?wsdl", timeout=60) as answer:
        text = answer.read().decode()
    assert f'location="{mock[0]}/"' in text


def test_a_fault_that_the_contract_has_not_is_a_mistake() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "esb",
            "wsdl",
            "mock",
            str(ERP),
            "--port",
            "0",
            "--fault",
            "GetSalesOrder=BusinessFautl",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 78
    assert "did you mean 'BusinessFault'" in told.stderr
