"""Schemas as real vendors write them: each of these came from a contract that did not work at first."""

from __future__ import annotations

from pathlib import Path

import pytest
from soap_contracts import data_of, document, echo, load, schema, there_and_back

from adapters.soap.contract.read import read
from adapters.soap.contract.sample import Sampler
from adapters.soap.messages import Contract
from esb.errors import ConfigError, ValidationFailed

PART = '<wsdl:part name="parameters" element="t:root"/>'
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'


def test_a_name_in_an_attribute_is_read_and_written_with_its_namespace(tmp_path: Path) -> None:
    codec = echo(
        tmp_path,
        '<xs:element name="root"><xs:complexType><xs:attribute name="kind" type="xs:QName"/></xs:complexType></xs:element>',
    )
    assert data_of(codec, '<root xmlns="urn:t" xmlns:p="urn:p" kind="p:Line"/>') == {"kind": "{urn:p}Line"}
    assert there_and_back(codec, {"kind": "{urn:p}Line"}) == {"kind": "{urn:p}Line"}


def test_xml_lang_needs_no_import_and_keeps_its_prefix(tmp_path: Path) -> None:
    extension = '<xs:extension base="xs:string"><xs:attribute ref="xml:lang"/></xs:extension>'
    text = f'<xs:element name="root"><xs:complexType><xs:simpleContent>{extension}</xs:simpleContent></xs:complexType></xs:element>'
    codec = echo(tmp_path, text)
    assert there_and_back(codec, {"$": "hallo", "lang": "de"}) == {"$": "hallo", "lang": "de"}
    assert b'xml:lang="de"' in codec.write({"$": "hallo", "lang": "de"}, "x")


def test_a_choice_with_a_branch_that_may_be_empty_may_be_left_out(tmp_path: Path) -> None:
    codec = echo(
        tmp_path,
        '<xs:element name="root"><xs:complexType><xs:choice><xs:any minOccurs="0" processContents="skip"/></xs:choice></xs:complexType></xs:element>',
    )
    assert there_and_back(codec, {}) == {}


def test_an_ambiguous_content_model_is_not_checked_and_the_rest_is(tmp_path: Path) -> None:
    text = (
        '<xs:complexType name="Odd"><xs:sequence>'
        '<xs:element name="a" type="xs:int" minOccurs="0"/><xs:element name="a" type="xs:int"/></xs:sequence></xs:complexType>'
        '<xs:element name="root"><xs:complexType><xs:sequence>'
        '<xs:element name="odd" type="Odd"/><xs:element name="n" type="xs:int"/></xs:sequence></xs:complexType></xs:element>'
    )
    loaded = load(tmp_path, document(schema(text), {"Echo": (PART, PART)}))
    assert any("Odd is not checked" in note for note in loaded.notes)
    contract = Contract(loaded)
    codec = contract.operation(loaded.ports[0].operations["Echo"]).input
    assert there_and_back(codec, {"odd": {"a__1": 2}, "n": 1})["n"] == 1
    with pytest.raises(ValidationFailed, match="/root/n"):
        data_of(codec, '<root xmlns="urn:t"><odd><a>1</a></odd><n>x</n></root>')


def test_two_wildcards_of_one_type_share_one_list_that_is_written_once(tmp_path: Path) -> None:
    codec = echo(
        tmp_path,
        '<xs:element name="root"><xs:complexType><xs:sequence><xs:element ref="xs:schema"/><xs:any processContents="skip"/></xs:sequence>'
        "</xs:complexType></xs:element>",
    )
    both = ['<schema xmlns="http://www.w3.org/2001/XMLSchema"/>', '<diffgram xmlns="urn:d"/>']
    xml = codec.write({"$any": both}, "a data set of .NET")
    assert (xml.count(b"diffgram"), len(data_of(codec, xml.decode())["$any"])) == (1, 2)


@pytest.mark.parametrize("draft", ["1999", "2000/10"])
def test_a_draft_of_xml_schema_is_read_as_the_standard(tmp_path: Path, draft: str) -> None:
    text = document(schema('<xs:element name="root" type="xs:int"/>'), {"Echo": (PART, PART)})
    loaded = load(tmp_path, text.replace("www.w3.org/2001/XMLSchema", f"www.w3.org/{draft}/XMLSchema"))
    codec = Contract(loaded).operation(loaded.ports[0].operations["Echo"]).input
    assert there_and_back(codec, 5) == 5


def test_schemas_that_libxml2_refuses_leave_the_types_to_check_messages_once_accepted(tmp_path: Path) -> None:
    text = (
        '<xs:element name="root"><xs:complexType><xs:sequence><xs:element name="n" type="xs:int"/></xs:sequence></xs:complexType></xs:element>'
        '<xs:element name="odd" type="xs:int" maxOccurs="2"/>'
    )
    (tmp_path / "t.wsdl").write_text(document(schema(text), {"Echo": (PART, PART)}))
    loaded = read(tmp_path / "t.wsdl", lenient=True)
    assert any("held against the types alone" in note for note in loaded.notes)
    codec = Contract(loaded).operation(loaded.ports[0].operations["Echo"]).input
    assert there_and_back(codec, {"n": 5}) == {"n": 5}
    with pytest.raises(ValidationFailed, match="not a whole number"):
        codec.write({"n": "x"}, "the request")


def test_an_array_of_the_encoding_in_a_literal_message_has_members(tmp_path: Path) -> None:
    text = (
        '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/><xs:complexType name="Names"><xs:complexContent>'
        '<xs:restriction base="soapenc:Array"><xs:attribute ref="soapenc:arrayType" wsdl:arrayType="xs:string[]"/></xs:restriction>'
        '</xs:complexContent></xs:complexType><xs:element name="root" type="Names"/>'
    )
    assert there_and_back(echo(tmp_path, text), ["a", "b"]) == ["a", "b"]


def test_a_redefined_type_holds_what_it_was_and_what_is_new(tmp_path: Path) -> None:
    (tmp_path / "base.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:t" targetNamespace="urn:t" elementFormDefault="qualified">'
        '<xs:complexType name="A"><xs:sequence><xs:element name="old" type="xs:int"/></xs:sequence></xs:complexType></xs:schema>'
    )
    redefine = (
        '<xs:redefine schemaLocation="base.xsd"><xs:complexType name="A"><xs:complexContent><xs:extension base="A"><xs:sequence>'
        '<xs:element name="new" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType></xs:redefine>'
    )
    codec = echo(tmp_path, redefine + '<xs:element name="root" type="A"/>')
    assert there_and_back(codec, {"old": 1, "new": 2}) == {"old": 1, "new": 2}


def test_part_names_and_bindings_in_a_wrong_namespace_are_found_by_their_only_name(tmp_path: Path) -> None:
    text = document(schema('<xs:element name="root" type="xs:int"/>'), {"Echo": (PART, PART)})
    text = text.replace('binding="t:B"', 'binding="soap:B"').replace('message="t:EchoIn"', 'message="xs:EchoIn"')
    loaded = load(tmp_path, text)
    assert list(loaded.ports[0].operations) == ["Echo"]
    assert any("is taken for the only binding" in note for note in loaded.notes)


def test_bindings_without_a_service_stand_for_ports(tmp_path: Path) -> None:
    text = document(schema('<xs:element name="root" type="xs:int"/>'), {"Echo": (PART, PART)})
    loaded = load(tmp_path, text[: text.index("<wsdl:service")] + "</wsdl:definitions>")
    assert [(port.service, port.name, port.address) for port in loaded.ports] == [("", "B", "")]


def test_an_element_that_is_declared_nowhere_is_a_finding_until_it_is_accepted(tmp_path: Path) -> None:
    text = document(schema('<xs:element name="root" type="xs:int"/>'), {"Echo": (PART, PART.replace("root", "none"))})
    with pytest.raises(ConfigError, match=r"\{urn:t\}none is referred to and declared nowhere.*esb wsdl compile"):
        load(tmp_path, text)
    loaded = read(tmp_path / "t.wsdl", lenient=True)
    answer = Sampler(Contract(loaded)).response(loaded.ports[0].operations["Echo"])
    assert answer is not None
    assert answer.data == "none"


@pytest.mark.parametrize("encoding", ["iso-8859-2", "windows-1251", "shift_jis", "utf-16"])
def test_a_wsdl_may_have_any_encoding(tmp_path: Path, encoding: str) -> None:
    text = document(schema('<xs:element name="root" type="xs:int"/>'), {"Echo": (PART, PART)})
    (tmp_path / "t.wsdl").write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding))
    assert read(tmp_path / "t.wsdl").ports[0].name == "Port"


@pytest.mark.parametrize(
    ("kind", "facets", "expected"),
    [
        ("xs:string", '<xs:pattern value="[A-Z]{2}[0-9]{3}"/>', "AA000"),
        ("xs:string", '<xs:pattern value="(\\d{4})-?(\\d{2})"/><xs:length value="7"/>', "1111-11"),
        ("xs:string", '<xs:minLength value="8"/><xs:maxLength value="9"/>', None),
        ("xs:decimal", '<xs:minExclusive value="10"/><xs:totalDigits value="4"/><xs:fractionDigits value="1"/>', None),
        ("xs:int", '<xs:maxInclusive value="-5"/>', -5),
        ("xs:date", '<xs:minExclusive value="2030-01-01"/>', None),
        ("xs:hexBinary", '<xs:length value="3"/>', None),
        ("xs:NCName", '<xs:pattern value="\\i\\c*"/>', None),
        ("xs:duration", '<xs:pattern value="-?P(\\d*D)?(T(\\d*H)?)?"/>', "P1D"),  # .NET's, without its years
    ],
)
def test_samples_keep_the_facets(tmp_path: Path, kind: str, facets: str, expected: object) -> None:
    text = f'<xs:element name="root"><xs:simpleType><xs:restriction base="{kind}">{facets}</xs:restriction></xs:simpleType></xs:element>'
    loaded = load(tmp_path, document(schema(text), {"Echo": (PART, PART)}))
    sample = Sampler(Contract(loaded)).request(loaded.ports[0].operations["Echo"])
    assert expected is None or sample.data == expected


def test_a_data_set_of_ado_net_is_taken_though_its_wildcard_is_strict(tmp_path: Path) -> None:
    text = '<xs:element name="root"><xs:complexType><xs:sequence><xs:element ref="xs:schema"/><xs:any/></xs:sequence></xs:complexType></xs:element>'
    codec = echo(tmp_path, text)
    own = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="D"/></xs:schema>'
    data = '<g:diffgram xmlns:g="urn:schemas-microsoft-com:xml-diffgram-v1"><D/></g:diffgram>'
    read = data_of(codec, f'<t:root xmlns:t="urn:t">{own}{data}</t:root>')
    assert len(read["$any"]) == 2
    assert "<D/>" in read["$any"][1]
    assert there_and_back(codec, read) == read


def test_a_group_may_hold_itself_within_an_element(tmp_path: Path) -> None:
    codec = echo(
        tmp_path,
        '<xs:group name="g"><xs:sequence><xs:element name="w" minOccurs="0"><xs:complexType><xs:group ref="g"/></xs:complexType></xs:element>'
        '</xs:sequence></xs:group><xs:element name="root"><xs:complexType><xs:group ref="g"/></xs:complexType></xs:element>',
    )
    assert there_and_back(codec, {"w": {"w": {"w": {}}}}) == {"w": {"w": {"w": {}}}}


def test_an_empty_element_with_a_fixed_value_has_that_value(tmp_path: Path) -> None:
    fields = (
        '<xs:element name="n" type="xs:int" fixed="5"/><xs:element name="s" type="xs:string" fixed="ok" minOccurs="0"/>'
    )
    codec = echo(
        tmp_path,
        f'<xs:element name="root"><xs:complexType><xs:sequence>{fields}</xs:sequence></xs:complexType></xs:element>',
    )
    assert data_of(codec, '<root xmlns="urn:t"><n/><s/></root>') == {"n": 5, "s": "ok"}
    assert there_and_back(codec, {"n": 5}) == {"n": 5}


def test_a_substitute_with_the_local_name_of_its_head_has_a_key_of_its_own(tmp_path: Path) -> None:
    other = (
        '<xs:schema targetNamespace="urn:o" xmlns:t="urn:t" elementFormDefault="qualified"><xs:import namespace="urn:t"/>'
        '<xs:element name="shape" substitutionGroup="t:shape"><xs:complexType><xs:sequence><xs:element name="r" type="xs:int"/></xs:sequence>'
        '</xs:complexType></xs:element><xs:element name="name" type="xs:int" substitutionGroup="t:shape"/></xs:schema>'
    )
    text = (
        '<xs:element name="shape" abstract="true"/><xs:element name="root"><xs:complexType><xs:sequence>'
        '<xs:element name="name" type="xs:string"/><xs:element ref="shape" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>'
    )
    codec = echo(tmp_path, text, more=other)
    data = {"name": "x", "shape__1": [{"r": 1}], "name__1": [2]}
    assert there_and_back(codec, data) == data


def test_a_sample_matches_a_class_without_another_class(tmp_path: Path) -> None:
    kind = '<xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[A-Z-[AB]]{2}"/></xs:restriction></xs:simpleType>'
    child = f'<xs:element name="c">{kind}</xs:element>'
    text = f'<xs:element name="root"><xs:complexType><xs:sequence>{child}</xs:sequence></xs:complexType></xs:element>'
    contract = Contract(load(tmp_path, document(schema(text), {"Echo": (PART, PART)})))
    assert Sampler(contract).request(contract.wsdl.ports[0].operations["Echo"]).data == {"c": "CC"}


def test_a_port_over_http_comes_before_one_that_http_does_not_lead_to(tmp_path: Path) -> None:
    text = document(schema('<xs:element name="root" type="xs:int"/>'), {"Echo": (PART, PART)})
    queue = '<wsdl:port name="Queue" binding="t:B"><soap:address location="jms:queue:orders"/></wsdl:port><wsdl:port name="Port"'
    loaded = load(tmp_path, text.replace('<wsdl:port name="Port"', queue))
    assert [each.name for each in loaded.ports] == ["Queue", "Port"]
    assert loaded.port().name == "Port"
    assert loaded.port(port="Queue").address == "jms:queue:orders"


def test_a_redefined_group_holds_what_it_was_and_what_is_new(tmp_path: Path) -> None:
    declared = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"'
    (tmp_path / "base.xsd").write_text(
        f'<xs:schema {declared}><xs:group name="g"><xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence></xs:group>'
        '<xs:attributeGroup name="g"><xs:attribute name="p" type="xs:int"/></xs:attributeGroup></xs:schema>'
    )
    (tmp_path / "more.xsd").write_text(
        f'<xs:schema {declared} targetNamespace="urn:t" xmlns="urn:t"><xs:redefine schemaLocation="base.xsd">'
        '<xs:group name="g"><xs:sequence><xs:group ref="g"/><xs:element name="b" type="xs:int"/></xs:sequence></xs:group>'
        '<xs:attributeGroup name="g"><xs:attributeGroup ref="g"/><xs:attribute name="q" type="xs:int"/></xs:attributeGroup></xs:redefine>'
        '<xs:element name="root"><xs:complexType><xs:group ref="g"/><xs:attributeGroup ref="g"/></xs:complexType></xs:element></xs:schema>'
    )
    schemas = '<xs:schema><xs:import namespace="urn:t" schemaLocation="more.xsd"/></xs:schema>'
    contract = Contract(load(tmp_path, document(schemas, {"Echo": (PART, PART)})))
    codec = contract.operation(contract.wsdl.ports[0].operations["Echo"]).input
    assert there_and_back(codec, {"a": 1, "b": 2, "p": 3, "q": 4}) == {"a": 1, "b": 2, "p": 3, "q": 4}


def test_an_address_may_be_written_as_the_uri_that_it_is(tmp_path: Path) -> None:
    (tmp_path / "my types").mkdir()
    (tmp_path / "my types" / "a.xsd").write_text(
        schema('<xs:element name="root" type="xs:int"/>').replace("<xs:schema", f"<xs:schema {XS}")
    )
    schemas = '<xs:schema><xs:import namespace="urn:t" schemaLocation="my%20types/a.xsd"/></xs:schema>'
    contract = Contract(load(tmp_path, document(schemas, {"Echo": (PART, PART)})))
    assert there_and_back(contract.operation(contract.wsdl.ports[0].operations["Echo"]).input, 5) == 5


def test_a_sample_refers_to_no_id_that_is_not_there(tmp_path: Path) -> None:
    attributes = '<xs:attribute name="id" type="xs:ID"/><xs:attribute name="of" type="xs:IDREF"/>'
    field = '<xs:element name="n" type="xs:int" minOccurs="0"/>'
    text = f'<xs:element name="root"><xs:complexType><xs:sequence>{field}</xs:sequence>{attributes}</xs:complexType></xs:element>'
    contract = Contract(load(tmp_path, document(schema(text), {"Echo": (PART, PART)})))
    data = Sampler(contract).request(contract.wsdl.ports[0].operations["Echo"]).data
    assert data["n"] == 1
    assert "of" not in data
