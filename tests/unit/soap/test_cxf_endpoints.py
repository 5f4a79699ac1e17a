"""``cxf:`` endpoints as routes for Camel write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.soap.cxf import CxfEndpoint
from esb.context import RouteContext
from esb.errors import ConfigError

ROOT = Path(__file__).parents[3]


def endpoint(uri: str, parameters: dict[str, Any] | None = None) -> CxfEndpoint:
    context = RouteContext("test", {}, folder=ROOT)
    made = context.endpoint(uri, parameters)
    assert isinstance(made, CxfEndpoint)
    return made


def test_the_path_is_the_address_and_the_wsdl_an_option() -> None:
    made = endpoint(
        "cxf:http://127.0.0.1:9/erp?wsdlURL=schemas/erp/erp.wsdl&defaultOperationName=GetSalesOrder&dataFormat=PAYLOAD"
    )
    assert (made.address, made.location, made.operation) == ("http://127.0.0.1:9/erp", "/erp", "GetSalesOrder")
    assert made.caller().address == "http://127.0.0.1:9/erp"


def test_slashes_after_the_scheme_mean_nothing() -> None:
    made = endpoint("cxf://http://127.0.0.1:9/erp", {"wsdlURL": "file:schemas/erp/erp.wsdl"})
    assert made.caller().address == "http://127.0.0.1:9/erp"


def test_a_path_alone_is_served_and_called_at_the_wsdl_s_address() -> None:
    made = endpoint("cxf:/erp", {"wsdlURL": "schemas/erp/erp.wsdl"})
    assert (made.address, made.location) == ("", "/erp")
    assert made.caller().address.startswith("http")


def test_names_may_carry_their_namespace() -> None:
    port = endpoint("cxf:/erp", {"wsdlURL": "schemas/erp/erp.wsdl"}).contract.wsdl.ports[0]
    made = endpoint(
        "cxf:/erp",
        {
            "wsdlURL": "schemas/erp/erp.wsdl",
            "serviceName": f"{{urn:x}}{port.service}",
            "portName": f"{{urn:x}}{port.name}",
        },
    )
    assert made.caller().port.name == port.name


@pytest.mark.parametrize(
    "uri", ["cxf:bean:erp?wsdlURL=schemas/erp/erp.wsdl", "cxf:/erp", "cxf:/erp?wsdlURL=nowhere.wsdl"]
)
def test_what_cannot_work_is_told_at_load(uri: str) -> None:
    with pytest.raises(ConfigError):
        endpoint(uri)
