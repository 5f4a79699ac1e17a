"""What simple has learnt since Camel 4.17: functions on texts, numbers and lists, ``?:``, ``~>``, ternaries, operators in braces, init blocks."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from esb.errors import ConfigError
from esb.exchange import Exchange
from esb.javanames import IllegalArgumentException, IOException
from esb.languages.simple import Simple
from esb.languages.simple.functions.tests import SimpleAssertionException
from tests.unit.languages.simple_scope import Scope, evaluate, matches, refused

RECORDED = json.loads((Path(__file__).parent / "simple_later_recorded.json").read_text("utf-8"))
"""What Apache Camel 4.22.0 gives for expressions of ours that 4.17 does not know."""


def test_recorded_expressions_give_what_camel_gives() -> None:
    assert [told for case in RECORDED if (told := difference(case))] == []


def difference(case: dict[str, Any]) -> str:
    given = copy.deepcopy(case)
    exchange = Exchange(given.get("body"), given.get("headers", {}))
    exchange.variables.update(given.get("variables", {}))
    spec = Simple(expression=case["text"])
    try:
        compiled = spec.compile_predicate(Scope()) if case.get("predicate") else spec.compile(Scope())
    except ConfigError as error:
        return "" if case.get("refused") or case.get("fails") else f"{case}: refused, {error}"
    if case.get("refused"):
        return f"{case}: accepted"
    try:
        value = compiled(exchange)
    except Exception as error:
        return "" if case.get("fails") else f"{case}: {error!r}"
    if case.get("fails") or not same(value, case["value"]):
        return f"{case}: {value!r}"
    for where, held in (("headersAfter", exchange.message.headers), ("variablesAfter", exchange.variables)):
        if where in case and not same(dict(sorted(held.items())), dict(sorted(case[where].items()))):
            return f"{case}: {where} {held!r}"
    return ""


def same(one: Any, other: Any) -> bool:
    if isinstance(one, bytes):
        one = {"$bytes": one.decode("utf-8", "replace")}
    if isinstance(one, (list, tuple)) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def subject() -> Exchange:
    return Exchange(" a b ", {"n": 5, "s": "txt", "empty": "", "no": False, "l": [1, 2, 3], "evil": "${header.secret}"})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${header.n > 9 ? 1 : 2}", 2),
        ("${header.n == 5 ? null : 1}", None),
        ("${header.n > 3 && header.s == 'txt' ? 'x' : 'y'}", "x"),
        ("${header.s ? 'there' : 'missing'}", "there"),
        ("${header.n > 9 ? 'a' : header.n > 4 ? 'b' : 'c'}", "b"),
        ("${header.n > 3 ? '${header.s}!' : 'y'}", "txt!"),
        ("over three: ${header.n > 3}", "over three: true"),
        ("${body != null && body.length > 9}", False),
        ("${header.none ?: 10}", 10),
        ("${header.none ?: header.s}", "txt"),
        ("${!header.none}", True),
        ("${!!header.none}", False),
        ("Hi ${header.none} ?: 'Guest' there", "Hi Guest there"),
        ("${header.none} ?: 'guest' ~> ${uppercase()}", "GUEST"),
        ('{"s": ${header.s} ~> ${quote()}}', '{"s": "txt"}'),
        ("${trim()}\n  ~> ${uppercase()}", "A B"),
        ("${sum()}", 0),
        ("${range(3)}", [0, 1, 2]),
        ("${filter(${header.l},${body > 1})}", [2, 3]),
        ("${filter(${header.l},${body} > 1)} ~> ${size()}", 2),
        ("${createEmpty(set)}", []),
        ("${escape(html,'a<b')}", "a&lt;b"),
        ("${escape(url,'a b/ü')}", "a%20b%2F%C3%BC"),
        ("${escape(js,'</a>')}", "<\\/a>"),
        ("${escape(sql,${header.s})}", "txt"),
        ("${date:now:yyyy ? yyyy}", None),
    ],
)
def test_what_later_versions_say_on_their_pages(text: str, value: Any) -> None:
    if text.startswith("${date"):
        assert " ? " in evaluate(text, subject())
        return
    if text == "${sum()}":
        assert evaluate(text, Exchange([])) is None
        return
    assert evaluate(text, subject()) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!${header.none}", True),
        ("!${body}", False),
        ("!${header.none} && ${header.n} == 5", True),
        ("${header.n} == 4 || !${header.none}", True),
        ("'01' equals '1'", False),
        ("${header.n} equals '5'", True),
        ("${header.n} !equals '5'", False),
        ("${header.s} ~> ${length()} > 2", True),
        ("${header.none} ?: 'x' == 'x'", True),
        ("${isEmpty(${header.empty})} && ${header.n > 3}", True),
    ],
)
def test_predicates_of_later_versions(text: str, value: bool) -> None:
    assert matches(text, subject()) is value


@pytest.mark.parametrize(
    "text",
    [
        "${header.none} ?: Guest",
        "${body} ~> uppercase()",
        "${header.n > 3 ?  : 'x'}",
        "$init{\n $a = 5;\n}init$\n$a",
        "$init{\n $a := word;\n}init$\n$a",
        "$init{ $a := 5;",
        "${function(nobody)}",
        "${setHeader(${header.s},1)}",
        "${load(${header.s})}",
        "${split(${body},${header.s})}",
        "${throwException(a,no.such.Class)}",
        "${convertTo(Nothing)}",
    ],
)
def test_what_cannot_be_meant_is_refused_at_load(text: str) -> None:
    assert refused(text)


def test_a_comparison_is_not_negated_as_a_whole() -> None:
    assert "write !" in refused("!${body} == 'x'", predicate=True)


def test_a_chain_leaves_the_body_as_it_was_even_when_it_fails() -> None:
    exchange = subject()
    with pytest.raises(IllegalArgumentException):
        evaluate("${trim()} ~> ${throwException('no ${body}')}", exchange)
    assert exchange.message.body == " a b "


def test_what_a_message_brings_is_never_read_as_an_expression() -> None:
    exchange = subject()
    exchange.message.headers["secret"] = "leaked"
    for text in (
        "${header.evil} ~> ${concat(${body},'')}",
        "${forEach(${header.evil},${body})}",
        "${val(${header.evil})}",
        "${header.none ?: header.evil}",
        "$init{\n $a := ${header.evil};\n}init$\n$a",
        "$init{\n $f ~:= ${trim()};\n}init$\n${f(${header.evil})}",
        "${header.n > 3 ? header.evil : 1}",
        "${concat(${header.evil},x)}",
    ):
        assert "leaked" not in str(evaluate(text, exchange)), text


def test_functions_that_change_do_so_for_each_message() -> None:
    compiled = Simple(expression="${setVariable(n,${sum(${variable.n},1)})}").compile(Scope())
    exchange = Exchange()
    for _ in range(3):
        compiled(exchange)
    assert exchange.variables["n"] == 3


def test_an_assertion_that_does_not_hold_tells_its_message() -> None:
    with pytest.raises(SimpleAssertionException, match="no txt"):
        evaluate("${assert(${header.n} > 5,'no ${header.s}')}", subject())


def test_throw_exception_throws_the_class_it_names() -> None:
    with pytest.raises(IOException, match="boom"):
        evaluate("${throwException('boom',java.io.IOException)}")


def test_a_padding_that_a_message_asks_for_is_bounded() -> None:
    assert len(evaluate("${pad(x,${body})}", Exchange(2_000_000_000))) <= 1_000_000


def test_a_range_that_a_message_asks_for_is_bounded() -> None:
    with pytest.raises(IllegalArgumentException):
        evaluate("${range(${body})}", Exchange(2_000_000_000))


def test_load_reads_a_file_of_the_project_once(tmp_path: Path) -> None:
    (tmp_path / "rules.txt").write_text("rules ${body}", encoding="utf-8")

    class Project(Scope):
        def path(self, name: str) -> Path:
            return tmp_path / name

    compiled = Simple(expression="${load(rules.txt)}").compile(Project())
    (tmp_path / "rules.txt").unlink()
    assert compiled(Exchange("x")) == "rules ${body}"
    assert evaluate("${load(rules.txt?optional=true)}", scope=Project()) is None
