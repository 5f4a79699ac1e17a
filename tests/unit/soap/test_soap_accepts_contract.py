"""The check of bodies against operations: what must fail is told at the step that made it, and nothing that may pass is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from soap_contracts import ERP

from adapters.soap import wsdl
from adapters.soap.contract.accepts import problems, shape_of
from adapters.soap.messages import Contract
from esb.cli.main import cli
from esb.errors import ValidationFailed
from esb.shapes import Constant, Fixed, Items, Member, Record, Shape

ORDER = "{'orderId': 'A1', 'customer': 'C', 'line': [{'sku': 's', 'quantity': 1, 'unitPrice': {'$': 1, 'currency': 'EUR'}}]}"
SEND = "- to:\n            uri: soap:schemas/erp.wsdl\n            parameters: {operation: CreateSalesOrder}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "schemas" / "mappings").mkdir(parents=True)
    (tmp_path / "routes").mkdir()
    (tmp_path / "esb.yaml").write_text("project: shop\n")
    (tmp_path / "schemas" / "erp.wsdl").write_bytes(ERP.read_bytes())
    (tmp_path / "schemas" / "crm.yaml").write_text(
        "types:\n"
        "  Good:\n    fields:\n      orderId: {type: string, required: true}\n      customer: {type: string, required: true}\n"
        "      line: {type: list, of: any, required: true}\n      requestedDate: date\n"
        "  Late:\n    fields:\n      orderId: {type: string, required: true}\n      customer: {type: string, required: true}\n"
        "      line: {type: list, of: any, required: true}\n      requestedDate: {type: boolean, required: true}\n"
        "  Less:\n    fields:\n      orderId: {type: string, required: true}\n      line: {type: list, of: any, required: true}\n"
        "  Maybe:\n    fields:\n      orderId: string\n      customer: string\n      line: {type: list, of: any}\n      extra: string\n"
    )
    return tmp_path


def found(project: Path, steps: str, more: str = "", code: str = "ESB-L050") -> list[tuple[int, str]]:
    """Line and message of what the check tells about bodies."""
    (project / "routes" / "r.yaml").write_text(
        f"- route:\n    id: r\n    from:\n      uri: timer:t\n      steps:\n        {steps}\n{more}"
    )
    told = CliRunner().invoke(cli, ["-C", str(project), "check", "--json"])
    findings = json.loads(told.stdout)["findings"]
    assert [one for one in findings if one["level"] == "error" and one["code"] != "ESB-L050"] == []
    return [(one["line"], one["message"]) for one in findings if one["code"] == code]


def body(text: str) -> str:
    return f'- setBody:\n            expression:\n              python:\n                expression: "{text}"'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (ORDER.replace("'customer': 'C', ", ""), "/CreateSalesOrder/customer is missing"),
        (ORDER.replace("customer", "custommer"), "custommer is not known; did you mean 'customer'"),
        (
            ORDER.replace("'quantity': 1", "'quantity': 'one'"),
            "/CreateSalesOrder/line[1]/quantity 'one' is not a whole number",
        ),
        (ORDER.replace("'quantity': 1", "'quantity': 0"), "less than the minimum"),
        (ORDER.replace("'orderId': 'A1'", "'orderId': ['A1']"), "orderId takes one value, not a list"),
        (ORDER.replace("[{'sku'", "[] and [{'sku'"), ""),
        (ORDER[: ORDER.index("'line'")] + "'line': []}", "line"),
        ("'an order'", "is a dict with the keys"),
    ],
)
def test_what_every_message_would_fail_by_is_told_where_the_body_is_made(project: Path, data: str, words: str) -> None:
    told = found(project, body(data) + "\n        " + SEND)
    if not words:  # an expression, of which nobody knows the value
        assert told == []
        return
    ((line, message),) = told
    assert line == 6
    assert words in message


@pytest.mark.parametrize(
    "data",
    [
        ORDER,
        ORDER.replace("'C'", "body"),
        ORDER.replace("'A1'", "str(headers['id'])"),
        "{**body, 'orderId': 'A1'}",
        "{'orderId': 'A1', 'customer': 'C', 'line': [{'sku': s, 'quantity': 1, 'unitPrice': body} for s in body]}",
        "body",
    ],
)
def test_what_may_be_right_is_not_told(project: Path, data: str) -> None:
    assert found(project, body(data) + "\n        " + SEND) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [("Good", ""), ("Maybe", ""), ("Less", "customer is missing"), ("Late", "requestedDate bool is not a date")],
)
def test_a_data_type_that_never_fits_is_told(project: Path, kind: str, words: str) -> None:
    told = found(project, f"- unmarshal: {{json: {{unmarshalType: crm.{kind}}}}}\n        {SEND}")
    assert [words in message for _, message in told] == ([True] if words else [])


def test_the_answer_of_an_operation_is_followed_into_the_next(project: Path) -> None:
    again = SEND.replace("CreateSalesOrder", "GetSalesOrder")
    ((line, message),) = found(project, f"{body(ORDER)}\n        {SEND}\n        {again}")
    assert line == 10
    assert "/GetSalesOrder/status is not known" in message


def test_steps_that_leave_the_body_alone_do_not_hide_it(project: Path) -> None:
    bad = body(ORDER.replace("customer", "custommer"))
    between = "- setHeader: {name: a, expression: {constant: {expression: b}}}"
    assert found(project, f"{bad}\n        {between}\n        {SEND}")[0][0] == 6


def test_a_body_is_followed_into_a_direct_route(project: Path) -> None:
    called = f"- route:\n    id: c\n    from:\n      uri: direct:c\n      steps:\n        {SEND}\n"
    bad = body(ORDER.replace("customer", "custommer"))
    assert [line for line, _ in found(project, f"{bad}\n        - to:\n            uri: direct:c", called)] == [6]


def test_a_branch_whose_body_never_fits_is_a_warning(project: Path) -> None:
    bad = body(ORDER.replace("customer", "custommer")).replace("\n", "\n            ")
    choice = (
        "- choice:\n            when:\n              - expression: {simple: {expression: '${body} == 1'}}\n                steps:\n"
        f"                  {bad}"
    )
    assert found(project, f"{choice}\n        {SEND}") == []
    ((line, message),) = found(project, f"{choice}\n        {SEND}", code="ESB-L051")
    assert line == 10
    assert "where it comes this way: /CreateSalesOrder/custommer is not known" in message
    both = f"{choice}\n            otherwise:\n                steps:\n                  {bad}"
    assert [line for line, _ in found(project, f"{both}\n        {SEND}")] == [10, 16], "no way is left"
    good = f"{choice}\n            otherwise: {{steps: [stop: {{}}]}}"
    assert [line for line, _ in found(project, f"{good}\n        {SEND}")] == [10], "the other way ends"


def inner(text: str) -> str:
    return text.replace("\n", "\n        ")


TYPED = "- unmarshal: {json: {unmarshalType: crm.Order}}"
LATE = "requestedDate bool is not a date"


@pytest.mark.parametrize(
    ("take", "line", "words"),
    [
        ("- setBody: {simple: '${body}'}", 6, "order is not known"),
        ("- setBody: {simple: '${body[order]}'}", 7, LATE),
        ("- setBody: {simple: '${body[orders][0]}'}", 7, ""),  # of an empty list nothing, which is not sent as this
        ("- setBody: {jsonpath: '$.order'}", 7, LATE),
        ("- setBody: {jsonpath: \"$['orders'][0]\"}", 7, LATE),
        ("- setBody: {jsonpath: '$.orders[*]'}", 7, "is a dict with the keys"),
        ("- setBody: {jsonpath: {expression: '$.order', writeAsString: true}}", 7, ""),
        ("- setBody: {jsonpath: '$..order'}", 7, ""),
        ("- setBody: {python: \"body['order']\"}", 7, LATE),
        ("- setBody: {python: \"{**body['order'], 'requestedDate': '2026-01-15'}\"}", 7, ""),
        ("- setBody: {python: \"{**body['order'], 'requestedDate': '2026-01-15', 'x': 1}\"}", 7, "/x is not known"),
        ("- setBody: {python: \"{'requestedDate': 'never', **body['order']}\"}", 7, LATE),
        ("- setBody: {python: \"{**body['order'], **headers}\"}", 7, ""),
        ("- setBody: {python: \"body['order'] if body['order'].pop('requestedDate') else body['order']\"}", 7, ""),
        ("- setBody: {python: \"body.get('order')\"}", 7, ""),
        ("- setBody: {python: \"[each for each in body['orders']][0]\"}", 7, LATE),
        ("- setHeader: {name: a, python: \"body.pop('order')\"}", 7, ""),
        ("- toD: {uri: 'log:x'}", 6, "order is not known"),
        ("- toD: {uri: 'log:${body[a]}'}", 6, ""),
    ],
)
def test_a_part_of_a_known_body_is_known(project: Path, take: str, line: int, words: str) -> None:
    with (project / "schemas" / "crm.yaml").open("a") as types:
        types.write(
            "  Order:\n    fields:\n      order: {type: Late, required: true}\n      orders: {type: list, of: Late, required: true}\n"
        )
    told = found(project, f"{TYPED}\n        {take}\n        {SEND}")
    assert [(at, words in message) for at, message in told] == ([(line, True)] if words else [])


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("csv: {unmarshalType: crm.Late}", LATE),
        ("csv: {unmarshalType: crm.Good}", ""),
        ("csv: {unmarshalType: crm.Late, lazyLoad: true}", LATE),
        ("csv: {unmarshalType: crm.Late, badRows: mark}", ""),
        ("csv: {useMaps: true}", ""),
        ("csv: {useMaps: true, header: [orderId, line]}", "customer is missing"),
        ("csv: {useMaps: true, header: [orderId, customer, line]}", ""),
        ("csv: {}", "is a dict with the keys"),
        ("json: {unmarshalType: crm.Late, useList: true}", LATE),
        ("xml: {unmarshalType: crm.Late, useList: true}", ""),
    ],
)
def test_the_parts_of_a_split_are_known(project: Path, form: str, words: str) -> None:
    steps = (
        f"- split:\n            simple: {{expression: '${{body}}'}}\n            steps:\n              {inner(SEND)}"
    )
    told = found(project, f"- unmarshal: {{{form}}}\n        {steps}")
    assert [(line, words in message) for line, message in told] == ([(7, True)] if words else [])


def test_behind_a_split_the_message_is_what_it_was(project: Path) -> None:
    bad = body(ORDER.replace("customer", "custommer"))
    split = "- split: {simple: '${body[line]}', steps: [log: x]}"
    assert [line for line, _ in found(project, f"{bad}\n        {split}\n        {SEND}")] == [6]


def test_each_branch_of_a_multicast_gets_the_body(project: Path) -> None:
    bad = body(ORDER.replace("customer", "custommer"))
    both = f"- multicast:\n            steps:\n              - log: x\n              {inner(SEND)}"
    assert [line for line, _ in found(project, f"{bad}\n        {both}")] == [6]


def test_a_step_that_is_not_followed_makes_the_body_unknown(project: Path) -> None:
    bad = body(ORDER.replace("customer", "custommer"))
    assert (
        found(project, f"{bad}\n        - script: {{expression: {{python: {{expression: '1'}}}}}}\n        {SEND}")
        == []
    )


CONTRACT = Contract(wsdl.load(ERP))
OPERATION = CONTRACT.wsdl.port().operations["CreateSalesOrder"]
CODEC = CONTRACT.operation(OPERATION).input
LINES = st.fixed_dictionaries(
    {"sku": st.sampled_from(["s", 1, b"x"]), "quantity": st.sampled_from([1, 0, "2", "x", True])},
    optional={
        "unitPrice": st.sampled_from([{"$": 1, "currency": "EUR"}, {"$": -1, "currency": "EUR"}, {"currency": "E"}, 5]),
        "x": st.just(1),
    },
)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "orderId": st.sampled_from(["A", "", "A" * 41, 5, ["A"]]),
        "customer": st.sampled_from(["C", {}]),
        "line": st.one_of(st.lists(LINES, max_size=2), LINES),
        "requestedDate": st.sampled_from(["2026-01-15", "no", True]),
        "other": st.just(1),
    },
)


def exact(value: Any) -> Shape:
    if isinstance(value, dict):
        return Record({key: Member(exact(item)) for key, item in value.items()})
    if isinstance(value, list):
        return Fixed(tuple(exact(item) for item in value))
    return Constant(value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DATA)
def test_data_that_is_known_exactly_is_refused_if_and_only_if_the_call_would_refuse_it(data: dict[str, Any]) -> None:
    try:
        CODEC.write(data, "x")
        refused = False
    except ValidationFailed:
        refused = True
    assert bool(problems(CONTRACT, OPERATION, exact(data))) == refused


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DATA)
def test_a_looser_shape_is_never_refused_if_data_of_it_is_taken(data: dict[str, Any]) -> None:
    try:
        CODEC.write(data, "x")
    except ValidationFailed:
        return
    loose = Record({key: Member(exact(value), always=False) for key, value in data.items()})
    assert problems(CONTRACT, OPERATION, loose) == []
    if isinstance(data.get("line"), list) and data["line"]:
        items = {**loose.members, "line": Member(Items(exact(data["line"][0])))}
        assert problems(CONTRACT, OPERATION, Record(items)) == []


def test_what_an_operation_gives_it_would_also_take() -> None:
    for name in ("CreateSalesOrder", "GetSalesOrder"):
        operation = CONTRACT.wsdl.port().operations[name]
        assert problems(CONTRACT, operation, shape_of(CONTRACT, operation.input)) == []
        assert operation.output is not None
        assert problems(CONTRACT, operation, shape_of(CONTRACT, operation.output), answer=True) == []
