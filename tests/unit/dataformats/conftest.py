"""Formats as a route makes them, with data types from texts."""

from __future__ import annotations

from typing import Any

import pytest

from esb.context import RouteContext
from esb.exchange import Exchange
from tests.unit.datatypes.project import catalogue

TYPES = """
types:
  Row:
    fields:
      sku: {type: string, required: true, width: 6}
      price: {type: decimal, required: true, width: 8, align: right, pad: "0"}
      stock: {type: integer, width: 4, align: right}
  Any:
    fields:
      held: {type: any}
"""


class Format:
    """A data format with a message to work on."""

    def __init__(self, made: Any) -> None:
        self.made = made
        self.exchange = Exchange()

    @property
    def headers(self) -> Any:
        return self.exchange.headers

    def write(self, value: Any) -> Any:
        return self.made.marshal(self.exchange, value)

    def read(self, data: Any) -> Any:
        return self.made.unmarshal(self.exchange, data)


@pytest.fixture
def context(tmp_path):
    types = catalogue(tmp_path, {"erp.yaml": TYPES})
    made = RouteContext("test", folder=tmp_path, services={"datatypes": lambda _: types})
    yield made
    made.stop(1.0)


@pytest.fixture
def make(context):
    """``make("csv", delimiter=";")``: the options by their names in Python."""

    def build(name: str, **options: Any) -> Format:
        return Format(context.lookup("dataformat", name)(**options).build(context))

    return build
