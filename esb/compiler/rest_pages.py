"""What answers where no route of the project does: the API document, a contract, an operation that is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from esb.compiler.openapi import document
from esb.compiler.openapi_schema import schema
from esb.compiler.rest_contract import Contracted
from esb.dsl.rest import RestConfigurationSpec, RestSpec
from esb.errors import Position
from esb.exchange import Exchange
from esb.program import Step
from esb.step import Builder, StepSpec


class RestApiDoc(StepSpec):
    """Gives the API document of all rest elements, as YAML where the path ends so."""

    name = "restApiDoc"

    def __init__(self, at: Position, rests: Sequence[RestSpec], configuration: RestConfigurationSpec) -> None:
        super().__init__(at)
        self.rests = rests
        self.configuration = configuration

    def build(self, builder: Builder) -> Step:
        context = builder.context

        def schema_of(name: str) -> dict[str, Any]:
            return schema(context.service("datatypes").type(name, self.at).describe())

        told = document(self.rests, self.configuration, schema_of)
        formats = {
            "json": context.lookup("dataformat", "json")(pretty_print=True, content_type_header=False).build(context),
            "yaml": context.lookup("dataformat", "yaml")().build(context),
        }
        pages = {name: made.marshal(Exchange(), told) for name, made in formats.items()}

        def page(exchange: Exchange) -> None:
            headers = exchange.message.headers
            path = str(headers.get("CamelHttpPath") or "").rstrip("/").lower()
            kind = "yaml" if path.endswith((".yaml", ".yml")) else "json"
            exchange.message.body = pages[kind]
            headers["Content-Type"] = "text/yaml" if kind == "yaml" else "application/json"

        return page


class RestContractPage(StepSpec):
    """Gives a contract as it stands in its file."""

    name = "restContractPage"

    def __init__(self, at: Position, text: bytes, *, is_json: bool) -> None:
        super().__init__(at)
        self.text = text
        self.kind = "application/json" if is_json else "text/yaml"

    def build(self, builder: Builder) -> Step:
        text, kind = self.text, self.kind

        def page(exchange: Exchange) -> None:
            exchange.message.body = text
            exchange.message.headers["Content-Type"] = kind

        return page


class RestEcho(StepSpec):
    """Lets an operation's path parameters go back with its answer, as Camel does for contracts; alone it gives the request back."""

    name = "restEcho"

    def build(self, builder: Builder) -> Step:
        def echo(exchange: Exchange) -> None:
            exchange.properties.pop("esb.pathParameters", None)
            if exchange.message.body is None:
                exchange.message.body = b""

        return echo


class RestMock(StepSpec):
    """Plays an operation that nobody has made yet: the contract's example, the request where something is sent, nothing otherwise."""

    name = "restMock"

    def __init__(self, at: Position, operation: Contracted) -> None:
        super().__init__(at)
        self.operation = operation

    def build(self, builder: Builder) -> Step:
        example, method = self.operation.example, self.operation.method
        json = builder.context.lookup("dataformat", "json")().build(builder.context)
        shown = example if example is None or isinstance(example, str) else json.marshal(Exchange(), example)

        def play(exchange: Exchange) -> None:
            if shown is not None:
                exchange.message.body = shown
            elif method not in {"POST", "PUT", "PATCH"}:
                exchange.message.body = None
                exchange.message.headers["CamelHttpResponseCode"] = 204

        return play


class RestNothing(StepSpec):
    """Refuses what a contract does not have below its path: 404, or 405 for another method of a path that it has."""

    name = "restNothing"

    def __init__(self, at: Position, operations: Sequence[tuple[str, str]]) -> None:
        super().__init__(at)
        self.operations = operations

    def build(self, builder: Builder) -> Step:
        patterns = [
            (
                method,
                re.compile("/".join("[^/]+" if "{" in part else re.escape(part) for part in path.split("/")) + "/?"),
            )
            for method, path in self.operations
        ]

        def refuse(exchange: Exchange) -> None:
            message = exchange.message
            path = str(message.headers.get("CamelHttpPath") or "")
            allowed = sorted({method for method, pattern in patterns if pattern.fullmatch(path)})
            message.headers.clear()
            message.headers["CamelHttpResponseCode"] = 405 if allowed else 404
            if allowed:
                message.headers["Allow"] = ", ".join(allowed)
            message.body = b""

        return refuse
