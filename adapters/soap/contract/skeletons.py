"""Routes to begin with: call each operation, serve it, a REST facade over it, a queue over it. They run as they are, and are the user's then."""

from __future__ import annotations

import pprint
import re
from dataclasses import dataclass
from typing import Any, Final

from adapters.soap.contract.jsonable import jsonable
from adapters.soap.contract.sample import Sample
from adapters.soap.contract.yamltext import scalar
from adapters.soap.wsdl import Operation, Port

KINDS: Final = ("call", "serve", "rest", "queue")


@dataclass(frozen=True, slots=True)
class Imported:
    """One operation with what was made for it. ``request_type`` is the data type of its request, empty if there is none."""

    port: Port
    operation: Operation
    slug: str
    request: Sample
    answer: Sample | None
    request_type: str


@dataclass(frozen=True, slots=True)
class Names:
    """How the files and routes are called. ``wsdl`` is its path in the project; ``several``: services must be named."""

    name: str
    wsdl: str
    address: str
    several: bool
    instance: str = ""


def slug(name: str) -> str:
    """``CreateSalesOrder`` -> ``create-sales-order``."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "operation"


def call(names: Names, operations: list[Imported]) -> str:
    """``direct:NAME-OPERATION`` calls the partner: data in, data out."""
    told = [
        f"# Calls the operations of {names.wsdl}: the body is the request as data, and then the answer.",
        f"# The property {names.name}.address says where; without it the address of the WSDL holds.",
    ]
    for each in operations:
        told += [
            "",
            *_comment(each.operation.doc),
            "- route:",
            f"    id: {names.name}-{each.slug}",
            "    from:",
            f"      uri: direct:{names.name}-{each.slug}",
            "      steps:",
            "        - to:",
            f"            uri: {scalar(f'soap:{names.wsdl}')}",
            "            parameters:",
            f"              operation: {scalar(each.operation.name)}",
            *_service(names, each, " " * 14),
            f'              address: "{{{{{names.name}.address:{names.address}}}}}"',
            "              timeout: 30s",
        ]
    return "\n".join(told) + "\n"


def serve(names: Names, operations: list[Imported]) -> str:
    """The service itself, with an answer of sample data for each operation."""
    told = [
        f"# Serves the operations of {names.wsdl} at /services/{names.name}; the WSDL is at /services/{names.name}?wsdl.",
        "# Requests are held against the contract before they come here, answers before they go out.",
    ]
    for service in dict.fromkeys(each.port.service for each in operations):
        mine = [each for each in operations if each.port.service == service]
        path = names.name if not names.several else f"{names.name}/{slug(service)}"
        told += [
            "",
            "- route:",
            f"    id: {names.name}-service{'-' + slug(service) if names.several else ''}",
            "    from:",
            f"      uri: {scalar(f'soap:{names.wsdl}')}",
            "      parameters:",
            f"        path: /services/{path}",
            *_service(names, mine[0], " " * 8),
            "      steps:",
            "        - choice:",
            "            when:",
        ]
        for each in mine:
            told += [
                "              - expression:",
                "                  simple:",
                f"                    expression: \"${{exchangeProperty.operationName}} == '{each.operation.name}'\"",
                "                steps:",
                "                  - to:",
                f"                      uri: direct:{names.name}-serve-{each.slug}",
            ]
    for each in operations:
        told += [
            "",
            *_comment(each.operation.doc),
            "- route:",
            f"    id: {names.name}-serve-{each.slug}",
            "    from:",
            f"      uri: direct:{names.name}-serve-{each.slug}",
            "      steps:",
            *_answer(each),
        ]
    return "\n".join(told) + "\n"


def _answer(each: Imported) -> list[str]:
    if each.answer is None:
        return [
            "        # There is no answer: the request is accepted when this route is done.",
            *_log("accepted", each),
        ]
    literal = pprint.pformat(jsonable(each.answer.data), width=100, sort_dicts=False).splitlines()
    told = [
        f"        # Sample data: put the work here. A declared fault goes out by the property soapFault: {fault}."
        for fault in _faults(each)
    ]
    return [
        *(told or ["        # Sample data: put the work here."]),
        "        - setBody:",
        "            expression:",
        "              python:",
        "                expression: |-",
        *(f"                  {line}" for line in literal),
    ]


def _faults(each: Imported) -> list[str]:
    names = [part.tag.rpartition("}")[2] for part in each.operation.faults]
    return [", ".join(f"{{'{name}': {{...}}}}" for name in names[:3])] if names else []


def _log(word: str, each: Imported) -> list[str]:
    return ["        - log:", f'            message: "{each.operation.name} {word}"']


def rest(names: Names, operations: list[Imported]) -> str:
    """``POST /NAME/OPERATION``: JSON in and out."""
    told = [
        "# JSON over HTTP in front of the SOAP operations: 200 with the answer, 202 where there is none, 422 for a request that is",
        "# not valid (with a report) and for a fault of the partner (with its detail).",
        "",
        "- rest:",
        f"    path: /{names.name}",
        "    consumes: application/json",
        "    post:",
    ]
    for each in operations:
        told += [f"      - path: /{each.slug}", "        to:", f"          uri: direct:{names.name}-rest-{each.slug}"]
    for each in operations:
        told += [
            "",
            *_comment(each.operation.doc),
            "- route:",
            f"    id: {names.name}-rest-{each.slug}",
            "    from:",
            f"      uri: direct:{names.name}-rest-{each.slug}",
            "      steps:",
            _unmarshal(each),
            "        - doTry:",
            "            steps:",
            "              - to:",
            f"                  uri: direct:{names.name}-{each.slug}",
            *(["              - marshal: {json: {}}"] if each.answer is not None else _accepted()),
            "            doCatch:",
            "              - exception: [RemoteFault]",
            "                steps:",
            "                  - setBody:",
            "                      expression:",
            "                        python:",
            "                          expression: \"{'fault': exception.fault_code, 'message': str(exception), 'detail': exception.detail}\"",
            "                  - marshal: {json: {}}",
            "                  - setHeader: {name: CamelHttpResponseCode, expression: {constant: {expression: 422}}}",
        ]
    return "\n".join(told) + "\n"


def _accepted() -> list[str]:
    return [
        '              - setBody: {expression: {constant: {expression: ""}}}',
        "              - setHeader: {name: CamelHttpResponseCode, expression: {constant: {expression: 202}}}",
    ]


def queue(names: Names, operations: list[Imported]) -> str:
    """``bus:NAME.OPERATION``: requests as JSON on a durable channel, answers on another."""
    told = [
        "# Durable channels in front of the SOAP operations: a request waits while the partner is away, and is tried again.",
        "# Bad requests go to the invalid channel; what fails in the end stands among the dead letters ('esb dlq list').",
    ]
    for each in operations:
        channel = f"{names.name}.{each.slug}"
        told += [
            "",
            *_comment(each.operation.doc),
            "- route:",
            f"    id: {names.name}-queue-{each.slug}",
            "    from:",
            f"      uri: bus:{channel}",
            "      steps:",
            _unmarshal(each),
            "        - to:",
            f"            uri: direct:{names.name}-{each.slug}",
        ]
        if each.answer is not None:
            told += [
                "        - marshal: {json: {}}",
                "        - to:",
                "            # esb: allow ESB-L011 who wants the answers reads them there",
                f"            uri: bus:{channel}.answers",
            ]
    return "\n".join(told) + "\n"


def _unmarshal(each: Imported) -> str:
    kind = f"{{unmarshalType: {each.request_type}}}" if each.request_type else "{}"
    return f"        - unmarshal: {{json: {kind}}}"


def _service(names: Names, each: Imported, pad: str) -> list[str]:
    return [f"{pad}service: {scalar(each.port.service)}"] if names.several and each.port.service else []


def _comment(doc: str) -> list[str]:
    return [f"# {doc}"] if doc else []


def data(sample: Sample | None) -> Any:
    """A sample's data as JSON has them."""
    return None if sample is None else jsonable(sample.data)
