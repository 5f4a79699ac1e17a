"""The files that ``esb wsdl import`` makes of contracts with odd messages."""

from __future__ import annotations

from pathlib import Path

import yaml
from soap_contracts import document, load, schema

from adapters.soap.contract.datatypes import DataTypes
from adapters.soap.contract.importing import files
from adapters.soap.contract.skeletons import KINDS, Names
from adapters.soap.messages import Contract


def test_an_answer_that_is_a_number_is_expected_as_the_text_that_a_mock_makes_of_it(tmp_path: Path) -> None:
    part = '<wsdl:part name="parameters" element="t:root"/>'
    text = document(schema('<xs:element name="root" type="xs:int"/>'), {"Count": (part, part)})
    contract = Contract(load(tmp_path, text))
    port = contract.wsdl.ports[0]
    made = files(contract, Names("t", "schemas/t.wsdl", "http://t", False), [(port, port.operations["Count"])], KINDS)
    cases = yaml.safe_load(made.files["routes/tests/t.test.yaml"])["tests"]
    facade = next(each for each in cases if "request" in each["send"])
    assert (facade["mocks"], facade["expect"]["json"]) == ({"soap:*": {"body": 1}}, "1")


def test_the_simple_types_of_the_soap_encoding_are_simple_in_data_types(tmp_path: Path) -> None:
    # Axis 1 gives every text the type soapenc:string.
    schemas = schema('<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>')
    parts = '<wsdl:part name="s" type="soapenc:string"/><wsdl:part name="n" type="soapenc:int"/>'
    contract = Contract(
        load(tmp_path, document(schemas, {"Run": (parts, parts)}, style="rpc", use="encoded", body='namespace="urn:t"'))
    )
    types = DataTypes(contract, "t")
    types.message(contract.wsdl.ports[0].operations["Run"].input)
    fields = types.types["Run"]["fields"]
    assert (fields["s"]["type"], fields["n"]["type"]) == ("string", "integer")
