"""``esb wsdl import`` in new projects: what it makes passes the check and its own tests as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ERP = ROOT / "schemas" / "erp" / "erp.wsdl"
LEGACY = """<wsdl:definitions name="Legacy" targetNamespace="urn:legacy" xmlns:t="urn:legacy" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/">
  <wsdl:types><xs:schema targetNamespace="urn:legacy" elementFormDefault="qualified">
    <xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>
    <xs:complexType name="Node"><xs:sequence><xs:element name="name" type="xs:string"/><xs:element name="at" type="xs:dateTime"/>
      <xs:element name="file" type="xs:base64Binary" minOccurs="0"/><xs:element name="child" type="t:Node" minOccurs="0" maxOccurs="unbounded"/>
      <xs:choice><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:date" nillable="true"/></xs:choice>
      <xs:any minOccurs="0" processContents="lax"/></xs:sequence><xs:attribute name="name" type="xs:NMTOKEN" use="required"/></xs:complexType>
    <xs:complexType name="Names"><xs:complexContent><xs:restriction base="enc:Array"><xs:attribute ref="enc:arrayType"
      wsdl:arrayType="xs:string[]"/></xs:restriction></xs:complexContent></xs:complexType>
  </xs:schema></wsdl:types>
  <wsdl:message name="In"><wsdl:part name="node" type="t:Node"/><wsdl:part name="names" type="t:Names"/></wsdl:message>
  <wsdl:message name="Out"><wsdl:part name="result" type="t:Node"/></wsdl:message>
  <wsdl:portType name="P">
    <wsdl:operation name="GetHTTPStatus"><wsdl:input message="t:In"/><wsdl:output message="t:Out"/></wsdl:operation>
    <wsdl:operation name="notify"><wsdl:input message="t:Out"/></wsdl:operation>
    <wsdl:operation name="notify"><wsdl:input name="twice" message="t:In"/></wsdl:operation></wsdl:portType>
  <wsdl:binding name="B" type="t:P"><soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="GetHTTPStatus"><soap:operation soapAction=""/>
      <wsdl:input><soap:body use="encoded" namespace="urn:legacy"/></wsdl:input>
      <wsdl:output><soap:body use="encoded" namespace="urn:legacy"/></wsdl:output></wsdl:operation>
    <wsdl:operation name="notify"><soap:operation soapAction=""/>
      <wsdl:input><soap:body use="literal" namespace="urn:legacy"/></wsdl:input></wsdl:operation>
    <wsdl:operation name="notify"><soap:operation soapAction=""/>
      <wsdl:input name="twice"><soap:body use="literal" namespace="urn:legacy"/></wsdl:input></wsdl:operation>
  </wsdl:binding>
</wsdl:definitions>"""


def esb(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "esb", "-C", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("routes", "schemas"):
        (tmp_path / name).mkdir()
    (tmp_path / "esb.yaml").write_text("project: shop\n")
    return tmp_path


@pytest.mark.parametrize("which", ["erp", "legacy"])
def test_what_is_imported_passes_the_check_and_its_own_tests(project: Path, which: str) -> None:
    if which == "erp":
        shutil.copy(ERP, project / "schemas" / "erp.wsdl")
    else:
        (project / "schemas" / "legacy.wsdl").write_text(LEGACY)
    made = esb(project, "wsdl", "import", f"schemas/{which}.wsdl", "--json")
    assert made.returncode == 0, made.stderr
    assert f"routes/{which}-rest.yaml" in json.loads(made.stdout)["files"]
    checked = esb(project, "check", "--strict", "--json")
    assert (checked.returncode, json.loads(checked.stdout)["findings"]) == (0, []), checked.stderr
    tested = esb(project, "test", "--json")
    assert tested.returncode == 0, tested.stdout[-3000:]
    assert json.loads(tested.stdout)["passed"] >= 5


def test_nothing_is_overwritten_unless_asked(project: Path) -> None:
    shutil.copy(ERP, project / "schemas" / "erp.wsdl")
    (project / "schemas" / "erp.yaml").write_text("types: {}\n")
    told = esb(project, "wsdl", "import", "schemas/erp.wsdl")
    assert told.returncode == 78
    assert "schemas/erp.yaml is there already" in told.stderr
    assert not (project / "routes" / "erp-call.yaml").exists()
    assert esb(project, "wsdl", "import", "schemas/erp.wsdl", "--name", "sales", "--routes", "call").returncode == 0
    assert (project / "routes" / "sales-call.yaml").exists()
    assert not (project / "routes" / "sales-rest.yaml").exists()
