"""How long a large contract takes to load, compiled and from its WSDL: printed as processor time; nothing is asserted but that compiling pays.

Run with ``pytest -s tests/benchmarks/test_wsdl_load.py``. Each load is a process of its own, as a worker's start is; its imports count.
"""

import json
import subprocess
import sys
from pathlib import Path

from adapters.soap.contract import compiled

OPERATIONS = 1500
LOAD = """
import json, time, sys
from pathlib import Path
from adapters.soap import wsdl
from adapters.soap.messages import Contract
contract = Contract(wsdl.load(Path(sys.argv[1])))
port = contract.wsdl.port()
contract.operation(port.operations["Do0"])
print(json.dumps({"cpu": time.process_time(), "operations": len(port.operations), "zeep": "zeep" in sys.modules}))
"""


def large() -> str:
    """A WSDL of about three megabytes."""
    fields = "".join(f'<xs:element name="field{n}" type="xs:string" minOccurs="0"/>' for n in range(14))
    elements, messages, abstract, concrete = [], [], [], []
    for n in range(OPERATIONS):
        for kind in ("", "Response"):
            elements.append(
                f'<xs:element name="Do{n}{kind}"><xs:complexType><xs:sequence>{fields}</xs:sequence></xs:complexType></xs:element>'
            )
            messages.append(
                f'<wsdl:message name="Do{n}{kind}"><wsdl:part name="p" element="t:Do{n}{kind}"/></wsdl:message>'
            )
        ends = f'<wsdl:input message="t:Do{n}"/><wsdl:output message="t:Do{n}Response"/>'
        abstract.append(f'<wsdl:operation name="Do{n}">{ends}</wsdl:operation>')
        body = (
            '<wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output>'
        )
        concrete.append(f'<wsdl:operation name="Do{n}"><soap:operation soapAction="urn:{n}"/>{body}</wsdl:operation>')
    return (
        '<wsdl:definitions targetNamespace="urn:t" xmlns:t="urn:t" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" '
        'xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema"><wsdl:types>'
        f'<xs:schema targetNamespace="urn:t" elementFormDefault="qualified">{"".join(elements)}</xs:schema></wsdl:types>{"".join(messages)}'
        f'<wsdl:portType name="P">{"".join(abstract)}</wsdl:portType><wsdl:binding name="B" type="t:P">'
        f'<soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>{"".join(concrete)}</wsdl:binding><wsdl:service name="S">'
        '<wsdl:port name="Port" binding="t:B"><soap:address location="http://127.0.0.1:9/s"/></wsdl:port></wsdl:service></wsdl:definitions>'
    )


def loaded(path: Path) -> float:
    """Processor seconds of a process that loads the contract and compiles one operation; the best of three."""
    told = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", LOAD, str(path)], capture_output=True, text=True, check=True)
        told.append(json.loads(done.stdout))
    assert all(each["operations"] == OPERATIONS and not each["zeep"] for each in told)
    return min(each["cpu"] for each in told)


def test_a_compiled_contract_loads_much_faster_than_its_wsdl(tmp_path):
    path = tmp_path / "large.wsdl"
    path.write_text(large())
    before = loaded(path)
    compiled.compile_file(path)
    after = loaded(path)
    size, kept = path.stat().st_size / 1e6, compiled.file_of(path).stat().st_size / 1e6
    print(
        f"\nWSDL of {size:.1f} MB: {before:.2f} s of processor; compiled ({kept:.1f} MB): {after:.2f} s, imports included"
    )
    assert after < before
