"""What breaks between two versions of a contract, and which places of a project meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from soap_contracts import ERP, document, load, schema

from adapters.soap.contract.diff import BREAKING, CAUTION, COMPATIBLE, compare
from esb.cli.main import cli

IN = '<wsdl:part name="parameters" element="t:Ask"/>'
OUT = '<wsdl:part name="parameters" element="t:Answer"/>'
CODE = '<xs:simpleType name="Code"><xs:restriction base="xs:string">{}</xs:restriction></xs:simpleType>'


def contract(ask: str, answer: str = "", more: str = "") -> str:
    def element(name: str, content: str) -> str:
        return f'<xs:element name="{name}"><xs:complexType><xs:sequence>{content}</xs:sequence></xs:complexType></xs:element>'

    return document(schema(element("Ask", ask) + element("Answer", answer) + more), {"Do": (IN, OUT)})


def changes(folder: Path, old: str, new: str) -> list[tuple[str, str, str]]:
    found = compare(load(folder, old, "old.wsdl"), load(folder, new, "new.wsdl"))
    return [(each.level, each.path, each.message) for each in found]


A = '<xs:element name="a" type="xs:int"/>'


@pytest.mark.parametrize(
    ("before", "after", "request_level", "answer_level", "words"),
    [
        ("", A, BREAKING, CAUTION, "is new"),
        ("", A.replace("/>", ' minOccurs="0"/>'), COMPATIBLE, CAUTION, "is new"),
        (A, "", BREAKING, BREAKING, "is no longer there"),
        (A.replace("/>", ' minOccurs="0"/>'), "", BREAKING, CAUTION, "is no longer there"),
        (A.replace("/>", ' minOccurs="0"/>'), A, BREAKING, COMPATIBLE, "is required now"),
        (A, A.replace("/>", ' minOccurs="0"/>'), COMPATIBLE, BREAKING, "is optional now"),
        (A, A.replace("/>", ' maxOccurs="9"/>'), COMPATIBLE, BREAKING, "is a list now"),
        (A.replace("/>", ' maxOccurs="9"/>'), A, BREAKING, BREAKING, "stands once now"),
        (A, A.replace("int", "long"), COMPATIBLE, CAUTION, "the type was int and is long"),
        (A.replace("int", "long"), A, BREAKING, COMPATIBLE, "the type was long and is int"),
        (A, A.replace("/>", ' nillable="true"/>'), COMPATIBLE, CAUTION, "may be nil now"),
    ],
)
def test_a_change_is_judged_by_its_direction(
    tmp_path: Path, before: str, after: str, request_level: str, answer_level: str, words: str
) -> None:
    ((level, path, message),) = changes(tmp_path, contract(before), contract(after))
    assert (level, path) == (request_level, "/Ask/a")
    assert words in message
    ((level, path, _),) = changes(tmp_path, contract("", before), contract("", after))
    assert (level, path) == (answer_level, "/Answer/a")


@pytest.mark.parametrize(
    ("before", "after", "level", "words"),
    [
        (
            '<xs:enumeration value="A"/><xs:enumeration value="B"/>',
            '<xs:enumeration value="A"/>',
            BREAKING,
            "no longer allowed: B",
        ),
        ('<xs:enumeration value="A"/>', '<xs:enumeration value="A"/><xs:enumeration value="B"/>', COMPATIBLE, "new: B"),
        ('<xs:maxLength value="9"/>', '<xs:maxLength value="5"/>', BREAKING, "largest length was 9 and is 5"),
        ('<xs:maxLength value="9"/>', "", COMPATIBLE, "largest length was 9 and is free"),
        ('<xs:minLength value="1"/>', '<xs:minLength value="2"/>', BREAKING, "smallest length was 1 and is 2"),
        ("", '<xs:pattern value="[A-Z]"/>', BREAKING, "pattern was free and is"),
    ],
)
def test_values_that_are_no_longer_allowed_break(
    tmp_path: Path, before: str, after: str, level: str, words: str
) -> None:
    field = '<xs:element name="a" type="Code"/>'
    old, new = (contract(field, "", CODE.format(facets)) for facets in (before, after))
    ((found, _, message),) = changes(tmp_path, old, new)
    assert found == level
    assert words in message


def test_another_order_of_a_sequence_breaks(tmp_path: Path) -> None:
    b = A.replace('"a"', '"b"')
    assert changes(tmp_path, contract(A + b), contract(b + A)) == [
        (BREAKING, "/Ask", "the order of the elements is another: b, a")
    ]


def test_types_that_hold_themselves_are_compared_to_an_end(tmp_path: Path) -> None:
    members = '<xs:element name="x" type="xs:int"/><xs:element name="t" type="T" minOccurs="0"/>'
    tree = f'<xs:complexType name="T"><xs:sequence>{members}</xs:sequence></xs:complexType>'
    field = '<xs:element name="t" type="T"/>'
    ((level, path, _),) = changes(
        tmp_path, contract(field, "", tree), contract(field, "", tree.replace("xs:int", "xs:byte"))
    )
    assert (level, path) == (BREAKING, "/Ask/t/x")


def test_an_operation_that_is_gone_breaks_and_a_new_one_does_not(tmp_path: Path) -> None:
    one = contract(A)
    other = one.replace('name="Do"', 'name="Other"')
    assert [(level, message) for level, _, message in changes(tmp_path, one, other)] == [
        (BREAKING, "the operation is no longer there"),
        (COMPATIBLE, "the operation is new (SOAP 1.1)"),
    ]


def test_a_contract_is_no_different_from_itself(tmp_path: Path) -> None:
    assert compare(load(tmp_path, ERP.read_text()), load(tmp_path, ERP.read_text(), "b.wsdl")) == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    text = ERP.read_text()
    (tmp_path / "schemas" / "mappings").mkdir(parents=True)
    (tmp_path / "routes").mkdir()
    (tmp_path / "esb.yaml").write_text("project: shop\n")
    (tmp_path / "schemas" / "erp.wsdl").write_text(text)
    (tmp_path / "schemas" / "erp2.wsdl").write_text(
        text.replace('name="region" type="xs:string" minOccurs="0"', 'name="region" type="xs:string"')
    )
    (tmp_path / "schemas" / "erp.yaml").write_text(
        "types:\n  Address:\n    fields:\n      region: string\n  Order:\n    fields:\n      shipTo: {type: nested, of: erp.Address}\n"
        "  Unrelated:\n    fields:\n      region: string\n"
    )
    (tmp_path / "schemas" / "mappings" / "m.yaml").write_text(
        "mappings:\n  - from: crm.Order\n    to: erp.Order\n    fields:\n      shipTo.region: area\n"
    )
    (tmp_path / "routes" / "r.yaml").write_text(
        "- route:\n    id: send\n    from:\n      uri: direct:send\n      steps:\n"
        "        - transformDataType: {fromType: crm.Order, toType: erp.Order}\n"
        "        - to:\n            uri: soap:schemas/erp.wsdl\n            parameters: {operation: CreateSalesOrder}\n"
        "- route:\n    id: other\n    from:\n      uri: direct:other\n      steps:\n        - setBody: {simple: '${body[region]}'}\n"
    )
    return tmp_path


def test_the_places_are_the_route_its_types_and_their_mappings_and_no_others(project: Path) -> None:
    told = CliRunner().invoke(
        cli, ["-C", str(project), "wsdl", "diff", "schemas/erp.wsdl", "schemas/erp2.wsdl", "--json"]
    )
    assert told.exit_code == 1
    result = json.loads(told.output)
    assert [each["path"] for each in result["changes"]] == ["/CreateSalesOrder/shipTo/region"]
    assert [(each["file"], each["line"], each["kind"], each["field"]) for each in result["places"]] == [
        ("routes/r.yaml", 8, "route", ""),
        ("schemas/erp.yaml", 4, "type", "region"),
        ("schemas/mappings/m.yaml", 5, "mapping", "region"),
    ]


@pytest.mark.parametrize(("new", "strict", "code"), [("same", False, 0), ("caution", False, 0), ("caution", True, 1)])
def test_the_exit_code_says_what_a_pipeline_needs(project: Path, new: str, strict: bool, code: int) -> None:
    text = ERP.read_text()
    changed = text.replace(
        '<xs:enumeration value="BLOCKED"/>', '<xs:enumeration value="BLOCKED"/><xs:enumeration value="HELD"/>'
    )
    (project / "new.wsdl").write_text(text if new == "same" else changed)
    arguments = ["-C", str(project), "wsdl", "diff", "schemas/erp.wsdl", "new.wsdl", *(["--strict"] if strict else [])]
    assert CliRunner().invoke(cli, arguments).exit_code == code
