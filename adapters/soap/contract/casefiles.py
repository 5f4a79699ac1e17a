"""Declarative tests of the skeletons, and the answers of a mock: both of sample data, so that 'esb test' passes before the first line is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from adapters.soap.contract.jsonable import jsonable
from adapters.soap.contract.skeletons import Imported, Names, data, slug
from adapters.soap.contract.yamltext import block

_NO: Final[dict[str, Any]] = {}


def tests(
    names: Names, operations: list[Imported], kinds: tuple[str, ...], faults: Mapping[str, Mapping[str, Any]]
) -> str:
    """The test document. ``faults``: operation -> fault -> detail."""
    cases: list[dict[str, Any]] = []
    for each in operations:
        made = {
            "call": _call,
            "rest": _rest,
            "queue": _queue,
            "serve": _serve,
        }
        # The routes of facade and queue are tested through these; alone the call has a test of its own.
        tested = [kind for kind in kinds if kind != "call" or not {"rest", "queue"} & set(kinds)]
        cases += [made[kind](names, each) for kind in tested]
        if "rest" in kinds:
            cases += _refused(names, each)
            cases += [
                _fault(names, each, fault, detail) for fault, detail in faults.get(each.operation.name, _NO).items()
            ]
    head = [
        f"# What the routes over {names.wsdl} do, without the partner: mocks stand in for it. The data are samples.",
        *([f"instance: {names.instance}"] if names.instance else []),
    ]
    return "\n".join(head) + "\n" + block({"tests": cases}) + "\n"


def _mocked(each: Imported) -> dict[str, Any]:
    return {} if each.answer is None else {"body": data(each.answer)}


def _through_mock(answer: Any) -> Any:
    """An answer as it comes from a mock: what is no map and no list is text there."""
    return json.dumps(answer) if isinstance(answer, (bool, int, float)) else answer


def _call(names: Names, each: Imported) -> dict[str, Any]:
    return {
        "name": f"{each.operation.name} is called with data that the contract allows",
        "mocks": {"soap:*": _mocked(each)},
        "send": {"to": f"direct:{names.name}-{each.slug}", "json": data(each.request)},
        "expect": {"received": {"soap:*": 1}},
    }


def _rest(names: Names, each: Imported) -> dict[str, Any]:
    expect: dict[str, Any] = {"status": 200 if each.answer is not None else 202}
    if each.answer is not None and data(each.answer) not in ({}, None):
        expect["json"] = _through_mock(data(each.answer))
    expect["received"] = {"soap:*": 1}
    return {
        "name": f"a POST of JSON is a call of {each.operation.name}, and its answer is JSON",
        "mocks": {"soap:*": _mocked(each)},
        "send": {"request": f"POST /{names.name}/{each.slug}", "json": data(each.request)},
        "expect": expect,
    }


def _refused(names: Names, each: Imported) -> list[dict[str, Any]]:
    if not each.request_type:
        return []
    return [
        {
            "name": f"what {each.operation.name} does not know is refused before the partner is called",
            "mocks": {"soap:*": _mocked(each)},
            "send": {"request": f"POST /{names.name}/{each.slug}", "json": ["not what it takes"]},
            "expect": {"status": 422, "received": {"soap:*": 0}},
        }
    ]


def _fault(names: Names, each: Imported, fault: str, detail: Any) -> dict[str, Any]:
    return {
        "name": f"the fault {fault} of {each.operation.name} is told with its detail",
        "mocks": {"soap:*": {"fault": {"message": fault, "code": "Client", "detail": jsonable(detail)}}},
        "send": {"request": f"POST /{names.name}/{each.slug}", "json": data(each.request)},
        "expect": {"status": 422, "json": {"message": fault, "detail": jsonable(detail)}},
    }


def _queue(names: Names, each: Imported) -> dict[str, Any]:
    received: dict[str, Any] = {"soap:*": 1}
    if each.answer is not None:
        answer = _through_mock(data(each.answer))
        received[f"bus:{names.name}.{each.slug}.answers"] = [{"json": answer}] if answer not in ({}, None) else 1
    return {
        "name": f"a request on the channel is a call of {each.operation.name}",
        "mocks": {"soap:*": _mocked(each)},
        "send": {"to": f"bus:{names.name}.{each.slug}", "body": json.dumps(data(each.request), ensure_ascii=False)},
        "expect": {"received": received},
    }


def _serve(names: Names, each: Imported) -> dict[str, Any]:
    route = f"{names.name}-service{'-' + slug(each.port.service) if names.several else ''}"
    expect: dict[str, Any] = {"body": data(each.answer)} if each.answer is not None else {}
    return {
        "name": f"the service answers {each.operation.name}",
        "send": {"route": route, "json": data(each.request), "properties": {"operationName": each.operation.name}},
        "expect": expect,
    }


def answers(operations: list[Imported], faults: Mapping[str, Mapping[str, Any]]) -> str:
    """The file for ``esb wsdl mock --answers``."""
    told = {
        each.operation.name: {
            **({"answer": data(each.answer)} if each.answer is not None else {}),
            **({"headers": jsonable(each.answer.headers)} if each.answer is not None and each.answer.headers else {}),
            **({"faults": jsonable(faults[each.operation.name])} if faults.get(each.operation.name) else {}),
        }
        for each in operations
    }
    return json.dumps({"operations": told}, indent=2, ensure_ascii=False) + "\n"
