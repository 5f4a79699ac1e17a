"""Compiled contracts, documents that are vendored, and the verbs compile, show and sample, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from soap_contracts import ERP, document, schema

from adapters.soap import wsdl
from adapters.soap.contract import compiled
from adapters.soap.messages import Contract
from esb.cli.main import cli
from esb.errors import ConfigError

TYPES = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x" elementFormDefault="qualified">'
    '<xs:simpleType name="Code"><xs:restriction base="xs:token"><xs:enumeration value="A"/><xs:enumeration value="B"/>'
    "</xs:restriction></xs:simpleType>"
    "</xs:schema>"
)
PART = '<wsdl:part name="parameters" element="t:root"/>'


def importing(address: str) -> str:
    return document(
        schema(
            f'<xs:import namespace="urn:x" schemaLocation="{address}"/>'
            '<xs:element name="root" type="x:Code" xmlns:x="urn:x"/>'
        ),
        {"Echo": (PART, PART)},
    )


def esb(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(folder), "wsdl", *arguments])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "erp.wsdl").write_bytes(ERP.read_bytes())
    return tmp_path


def test_a_compiled_contract_is_the_one_that_is_read(project: Path) -> None:
    anew = wsdl.load(project / "erp.wsdl")
    assert esb(project, "compile", "erp.wsdl").exit_code == 0
    kept = compiled.read(project / "erp.wsdl")
    assert kept is not None
    assert (kept.ports, kept.schemas, dict(kept.closure)) == (anew.ports, anew.schemas, dict(anew.closure))


def test_a_route_s_codec_works_from_the_compiled_file_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled.compile_file(project / "erp.wsdl")
    monkeypatch.setattr("adapters.soap.contract.read.read", None)  # whoever read the WSDL would fail
    contract = Contract(wsdl.load(project / "erp.wsdl"))
    codec = contract.operation(contract.wsdl.port().operations["GetSalesOrder"])
    assert b"Number>A1<" in codec.input.write({"salesOrderNumber": "A1"}, "the request")


def test_the_published_wsdl_is_still_the_document_as_written(project: Path) -> None:
    compiled.compile_file(project / "erp.wsdl")
    kept = wsdl.load(project / "erp.wsdl")
    assert next(iter(kept.documents.values())).tag.endswith("definitions")


@pytest.mark.parametrize("change", ["wsdl", "import"])
def test_a_changed_document_makes_the_compiled_contract_old(tmp_path: Path, change: str) -> None:
    (tmp_path / "t.wsdl").write_text(importing("types.xsd"))
    (tmp_path / "types.xsd").write_text(TYPES)
    compiled.compile_file(tmp_path / "t.wsdl")
    assert esb(tmp_path, "compile", "--check", "t.wsdl").exit_code == 0
    file = tmp_path / ("t.wsdl" if change == "wsdl" else "types.xsd")
    file.write_text(file.read_text() + "<!-- changed -->")
    told = esb(tmp_path, "compile", "--check", "t.wsdl")
    assert told.exit_code == 1
    assert "run 'esb wsdl compile t.wsdl'" in told.output
    assert compiled.read(tmp_path / "t.wsdl") is None


@pytest.mark.parametrize("content", [b"", b"esb-wsdl\nno zip", b"\x80\x04pickle"])
def test_a_damaged_compiled_file_is_not_used(project: Path, content: bytes) -> None:
    compiled.file_of(project / "erp.wsdl").write_bytes(content)
    assert compiled.read(project / "erp.wsdl") is None
    assert wsdl.load(project / "erp.wsdl").port().name == "SalesPort"


def test_a_missing_document_is_named_with_the_command_that_vendors_it(tmp_path: Path) -> None:
    (tmp_path / "t.wsdl").write_text(importing("http://types.example/x.xsd"))
    told = esb(tmp_path, "compile", "t.wsdl")
    assert told.exit_code == 1
    assert "imports http://types.example/x.xsd" in told.output
    assert "--fetch" in told.output


def test_what_does_not_need_the_missing_document_may_be_used(tmp_path: Path) -> None:
    text = document(
        schema(
            '<xs:import namespace="urn:x" schemaLocation="http://types.example/x.xsd"/>'
            '<xs:element name="root" type="x:Code" xmlns:x="urn:x"/><xs:element name="other" type="xs:int"/>'
        ),
        {"Echo": (PART, PART), "Other": (PART.replace("root", "other"), PART.replace("root", "other"))},
    )
    (tmp_path / "t.wsdl").write_text(text)
    esb(tmp_path, "compile", "t.wsdl")
    contract = Contract(wsdl.load(tmp_path / "t.wsdl"))
    codec = contract.operation(contract.wsdl.ports[0].operations["Other"])
    assert b">5<" in codec.input.write(5, "the request")


def test_a_document_is_vendored_from_a_file_and_then_read_offline(tmp_path: Path) -> None:
    (tmp_path / "t.wsdl").write_text(importing("http://types.example/x.xsd?v=1"))
    (tmp_path / "given.xsd").write_text(TYPES)
    told = esb(tmp_path, "compile", "t.wsdl", "--document", f"http://types.example/x.xsd?v=1={tmp_path / 'given.xsd'}")
    assert told.exit_code == 0, told.output
    index = json.loads((tmp_path / "t.wsdl.imports" / "index.json").read_text())
    assert list(index) == ["http://types.example/x.xsd?v=1"]
    compiled.file_of(tmp_path / "t.wsdl").unlink()
    assert wsdl.load(tmp_path / "t.wsdl").schemas.types["{urn:x}Code"]


def test_an_index_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.wsdl").write_text(importing("http://types.example/x.xsd"))
    (tmp_path / "t.wsdl.imports").mkdir()
    (tmp_path / "t.wsdl.imports" / "index.json").write_text('{"http://types.example/x.xsd": "../../etc/passwd"}')
    with pytest.raises(ConfigError, match="not a map from addresses to files"):
        wsdl.load(tmp_path / "t.wsdl")


def test_show_lists_services_and_operations(project: Path) -> None:
    told = esb(project, "show", "erp.wsdl").output
    assert "service SalesService\n  port SalesPort  SOAP 1.1" in told
    assert "    CreateSalesOrder  document/literal" in told
    assert "      faults BusinessFault" in told


def test_show_draws_a_message_with_types_cardinality_and_facets(project: Path) -> None:
    told = esb(project, "show", "erp.wsdl", "CreateSalesOrder").output
    assert "orderId  token  (OrderId)  length 1-40" in told
    assert "line  Line  1..1000" in told
    assert "          @currency  token  (Currency)  pattern [A-Z]{3}" in told
    assert "requestedDate  date  optional  nillable" in told


def test_show_gives_the_tree_as_json(project: Path) -> None:
    told = json.loads(esb(project, "show", "erp.wsdl", "CreateSalesOrder", "--json").output)
    body = told["request"]["body"][0]
    assert [child["name"] for child in body["children"]][:3] == ["orderId", "customer", "line"]
    assert body["children"][2]["max"] == 1000


def test_show_names_the_nearest_operation(project: Path) -> None:
    told = esb(project, "show", "erp.wsdl", "CreateSalesOrders")
    assert "did you mean 'CreateSalesOrder'" in str(told.exception)


def test_a_sample_is_valid_data_of_the_operation(project: Path) -> None:
    data = json.loads(esb(project, "sample", "erp.wsdl", "CreateSalesOrder", "--request").output)
    contract = Contract(wsdl.load(project / "erp.wsdl"))
    codec = contract.operation(contract.wsdl.port().operations["CreateSalesOrder"])
    assert b"CreateSalesOrder" in codec.input.write(data, "the request")


def test_a_minimal_sample_has_only_what_is_required(project: Path) -> None:
    data = json.loads(esb(project, "sample", "erp.wsdl", "CreateSalesOrder", "--request", "--minimal").output)
    assert set(data) == {"orderId", "customer", "line"}


def test_a_sample_as_xml_is_an_envelope_with_its_headers(project: Path) -> None:
    told = esb(project, "sample", "erp.wsdl", "CreateSalesOrder", "--request", "--format", "xml").output
    assert "<soapenv:Header>" in told
    assert "<erp:orderId>orderId</erp:orderId>" in told


def test_a_sample_of_a_fault_is_its_detail(project: Path) -> None:
    told = json.loads(esb(project, "sample", "erp.wsdl", "CreateSalesOrder", "--fault", "BusinessFault").output)
    assert set(told) == {"BusinessFault"}


def test_the_schema_of_ws_addressing_is_at_hand_and_gives_way_to_the_project_s_own(tmp_path: Path) -> None:
    wsa = "http://www.w3.org/2005/08/addressing"
    text = document(
        schema(
            f'<xs:import namespace="{wsa}" schemaLocation="/schemas/ws-addr.xsd"/>'
            f'<xs:element name="root" type="w:EndpointReferenceType" xmlns:w="{wsa}"/>'
        ),
        {"Echo": (PART, PART)},
    )
    (tmp_path / "t.wsdl").write_text(text)
    contract = Contract(wsdl.load(tmp_path / "t.wsdl"))
    codec = contract.operation(contract.wsdl.ports[0].operations["Echo"]).input
    assert b"Address>urn:a<" in codec.write({"Address": "urn:a"}, "the request")
    (tmp_path / "own.xsd").write_text(
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{wsa}" elementFormDefault="qualified">'
        '<xs:complexType name="EndpointReferenceType"><xs:sequence><xs:element name="Mine" type="xs:int"/></xs:sequence></xs:complexType></xs:schema>'
    )
    both = (
        f'<xs:import namespace="{wsa}" schemaLocation="own.xsd"/><xs:import namespace="{wsa}" schemaLocation="/schemas'
    )
    (tmp_path / "t.wsdl").write_text(text.replace(f'<xs:import namespace="{wsa}" schemaLocation="/schemas', both))
    contract = Contract(wsdl.load(tmp_path / "t.wsdl"))
    codec = contract.operation(contract.wsdl.ports[0].operations["Echo"]).input
    assert b"Mine>1<" in codec.write({"Mine": 1}, "the request")
