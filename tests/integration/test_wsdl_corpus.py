"""The real-world WSDLs: all compile, and a sample of each operation goes from the client to a mock server and back, or the reason is listed.

The table is written to build/wsdl-corpus.md; the committed copy is docs/reference/wsdl-corpus.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapters.soap.client import SoapCaller
from adapters.soap.contract.mock import Call, Mock, path_of
from adapters.soap.contract.read import read
from adapters.soap.contract.sample import Sampler
from adapters.soap.messages import Contract
from adapters.soap.names import local
from esb.errors import EsbError, RemoteFault
from esb.httpcall import Answer, HttpCaller

ROOT = Path(__file__).parents[2]
FOLDER = ROOT.parent / "shared" / "data" / "wsdl"
FILES = sorted(FOLDER.rglob("*.wsdl")) if FOLDER.is_dir() else []
TABLE = ROOT / "build" / "wsdl-corpus.md"
HEAD = """# Real-world WSDLs

What `tests/integration/test_wsdl_corpus.py` finds: for each operation a sample request goes from the client to a mock server, and a sample answer
back; declared faults as well. An operation that cannot be used has its reason.

| WSDL | operations | there and back | why not |
| --- | --- | --- | --- |
"""

pytestmark = pytest.mark.skipif(not FILES, reason="the folder with real-world WSDLs (../shared/data/wsdl) is not here")


class Wire(HttpCaller):
    """From the client straight into the mock: what is compared is bytes all the same."""

    def __init__(self, mock: Mock) -> None:
        super().__init__()
        self._mock = mock
        self.fault = ""

    def call(self, method: str, url: str, headers: Any, body: Any, **_: Any) -> Answer:
        sent = {name.lower(): value for name, value in headers.items()}
        if self.fault:
            sent["x-mock-fault"] = self.fault
        data = body if isinstance(body, bytes) else b"".join(body)
        answered = self._mock.handle("/" + url.split("/", 3)[3], sent, data)
        return Answer(answered.status, "", (("content-type", answered.content_type),), answered.body)


def plain(data: Any) -> Any:
    """The data with markup in its canonical form: which prefixes are declared at a fragment says nothing."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [plain(value) for value in data]
    if isinstance(data, str) and data.startswith("<"):
        return etree.tostring(etree.fromstring(data), method="c14n", exclusive=True)
    return data


def there_and_back(path: Path) -> tuple[int, dict[str, list[str]], tuple[str, ...]]:
    """How many operations there are, those that did not make it by reason, and what the contract lacks."""
    contract = Contract(read(path, [FOLDER], lenient=True))
    sampler = Sampler(contract)
    calls: list[Call] = []
    reasons: dict[str, list[str]] = {}
    total = 0
    try:
        wire = Wire(Mock(contract, told=calls.append))
    except EsbError:
        wire = None
    for port in contract.wsdl.ports:
        for operation in port.operations.values():
            total += 1
            if operation.unusable or wire is None:
                reasons.setdefault(operation.unusable.partition("; missing is")[0], []).append(operation.name)
                continue
            try:
                address = f"http://mock{path_of(port)}"
                caller = SoapCaller(contract, wire, port.service, port.name, operation.name, address=address)
                request, answer = sampler.request(operation), sampler.response(operation)
                reply = caller.call(operation.name, request.data, request.headers)
                assert calls[-1].operation == operation.name
                assert plain(calls[-1].body) == plain(request.data)
                assert plain(reply.body) == plain(answer.data if answer is not None else None)
                for part in operation.faults:
                    wire.fault = part.name
                    with pytest.raises(RemoteFault) as told:
                        caller.call(operation.name, request.data, request.headers)
                    assert local(part.tag) in (told.value.detail or {})
                    wire.fault = ""
            except (EsbError, AssertionError) as error:
                wire.fault = ""
                reasons.setdefault((str(error) or repr(error)).splitlines()[0], []).append(operation.name)
    return total, reasons, contract.wsdl.notes


@pytest.fixture(scope="module")
def rows() -> dict[str, tuple[int, dict[str, list[str]], tuple[str, ...]]]:
    found = {str(path.relative_to(FOLDER)): there_and_back(path) for path in FILES}
    TABLE.parent.mkdir(exist_ok=True)
    told = [HEAD.rstrip("\n")]
    for name, (total, reasons, notes) in found.items():
        failed = sum(len(each) for each in reasons.values())
        why = [
            f"{', '.join(names[:4])}{' ...' if len(names) > 4 else ''}: {reason}" for reason, names in reasons.items()
        ]
        if not total:
            why = list(notes) or ["the binding has no operations"]
        told.append(
            f"| {name} | {total} | {total - failed} | {'; '.join(why).replace('|', '/').replace(str(FOLDER), '')} |"
        )
    TABLE.write_text("\n".join(told) + "\n")
    return found


@pytest.mark.parametrize("name", [str(path.relative_to(FOLDER)) for path in FILES])
def test_every_operation_makes_it_there_and_back_or_lacks_a_part_of_its_contract(name: str, rows: Any) -> None:
    total, reasons, notes = rows[name]
    lacking = (
        "is not in the WSDL",
        "is declared nowhere",
        "has no operation",
        "neither an element nor a type",
        "cannot be told apart",
    )
    assert [reason for reason in reasons if not any(word in reason for word in lacking)] == []
    assert total or notes or name.endswith("recursive_schema_main.wsdl")
