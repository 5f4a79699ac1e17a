"""What expressions cost per message, language by language. Prints nanoseconds; nothing here is a timed test."""

from __future__ import annotations

import json
import timeit
from typing import Any

import pytest

from esb.context import RouteContext
from esb.exchange import Exchange
from esb.expression import LanguageSpec
from esb.languages import _saxon
from esb.languages.constant import Constant
from esb.languages.exchange_property import ExchangeProperty
from esb.languages.header import Header
from esb.languages.jq import Jq
from esb.languages.jsonpath import JsonPath
from esb.languages.method import Method
from esb.languages.python import Python
from esb.languages.simple import Simple
from esb.languages.tokenize import Tokenize
from esb.languages.variable import Variable
from esb.languages.xpath import XPath
from esb.languages.xquery import XQuery
from esb.languages.xtokenize import XTokenize

EXPRESSIONS = (
    "${body}",
    "${header.kind}",
    "${exchangeProperty.p}",
    "${body[customer][name]}",
    "order ${header.kind} for ${body[customer][name]}",
    "${date:header.when:yyyy-MM-dd}",
    "${header.total > 100 ? 'many' : 'few'}",
    "${header.none} ?: 'nobody'",
    "${body[customer][name]} ~> ${trim()} ~> ${uppercase()}",
    "$init{\n$n := ${header.total};\n}init$\n$n of $n",
)
PREDICATES = (
    "${header.kind} == 'export'",
    "${header.total} > 100",
    "${header.total} == 250",
    "${header.kind} != 'x' && ${header.total} >= 5",
    "${header.kind} in 'domestic,export'",
    "${header.kind} regex '[a-z]+'",
    "${body[customer][name]} contains 'ada'",
    "!${header.none}",
)
ORDER = {"id": 17, "lines": [{"sku": f"A{n}", "qty": n} for n in range(10)]}
JSON = json.dumps(ORDER)
XML = "<order id='17'>" + "".join(f"<line><sku>A{n}</sku><qty>{n}</qty></line>" for n in range(10)) + "</order>"
LINES = "\n".join(f"A{n};{n}" for n in range(10))
OTHERS: tuple[tuple[LanguageSpec, Any], ...] = (
    (Constant(expression="x"), None),
    (Header(expression="kind"), None),
    (ExchangeProperty(expression="p"), None),
    (Variable(expression="v"), None),
    (Python(expression="body['id'] + 1"), ORDER),
    (Method(ref="bean", method="twice(${header.total})"), None),
    (JsonPath(expression="$.lines[3].sku"), ORDER),
    (JsonPath(expression="$.lines[?(@.qty > 5)].sku"), ORDER),
    (JsonPath(expression="$.lines[3].sku"), JSON),
    (Jq(expression=".lines[3].sku"), JSON),
    (Jq(expression="[.lines[] | select(.qty > 5) | .sku]"), JSON),
    (XPath(expression="/order/line[4]/sku", result_type="String"), XML),
    (XPath(expression="sum(//qty)", result_type="Integer"), XML),
    (Tokenize(token="\\n"), LINES),
    (Tokenize(token="line", xml=True), XML),
    (XTokenize(expression="//line"), XML),
)
BY_SAXON: tuple[LanguageSpec, ...] = (
    XPath(expression="string-join(//sku, ',')", saxon=True, result_type="String"),
    XQuery(expression="<skus>{//sku}</skus>"),
)


class Bean:
    """What ``method`` calls."""

    def twice(self, number: int) -> int:
        return number * 2


def exchange(body: Any = None) -> Exchange:
    made = Exchange(
        body if body is not None else {"customer": {"name": "ada"}},
        {"kind": "export", "total": 250, "when": 1_704_164_645_678, "other": "x"},
    )
    made.properties["p"] = 1
    made.variables["v"] = 1
    return made


def nanoseconds(call: Any, argument: Any, count: int = 20_000) -> float:
    return min(timeit.repeat(lambda: call(argument), number=count, repeat=5)) / count * 1e9


def consumed(call: Any) -> Any:
    """The call, with a result that is made as it is asked for asked for to its end."""

    def run(subject: Exchange) -> Any:
        found = call(subject)
        return list(found) if hasattr(found, "__next__") else found

    return run


@pytest.mark.slow
def test_cost_of_simple() -> None:
    subject, context = exchange(), RouteContext("bench")
    empty = nanoseconds(lambda _exchange: None, subject)
    print(f"\nan empty call costs {empty:.0f} ns, which is taken off below")
    for text in EXPRESSIONS:
        call = Simple(expression=text).compile(context)
        call(subject)
        print(f"{nanoseconds(call, subject) - empty:9.0f} ns  {text!r}")
    for text in PREDICATES:
        test = Simple(expression=text).compile_predicate(context)
        assert test(subject), text
        print(f"{nanoseconds(test, subject) - empty:9.0f} ns  {text}")


@pytest.mark.slow
def test_cost_of_the_other_languages() -> None:
    context = RouteContext("bench")
    context.bind("bean", "bean", Bean())
    print()
    for spec, body in OTHERS:
        subject, call = exchange(body), consumed(spec.compile(context))
        assert call(subject) not in (None, [], ""), spec.name
        told = spec.expression or getattr(spec, "token", None) or getattr(spec, "method", "")
        print(
            f"{nanoseconds(call, subject, 1000):9.0f} ns  {spec.name:16} {told}   of a {type(subject.message.body).__name__}"
        )


@pytest.mark.slow
@pytest.mark.skipif(not _saxon.available(), reason="the extra xquery (saxonche) is not installed")
def test_cost_of_saxon() -> None:
    subject, context = exchange(XML), RouteContext("bench")
    print()
    for spec in BY_SAXON:
        call = spec.compile(context)
        assert call(subject) is not None
        print(f"{nanoseconds(call, subject, 200):9.0f} ns  {spec.name:16} {spec.expression}   of a str")
