from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from esb.errors import (
    ConfigError,
    ExpressionFailed,
    OptionError,
    Position,
    ReferenceFault,
    RouteSyntaxError,
    UnknownName,
)
from esb.exchange import Exchange
from esb.javanames import AmbiguousMethodCallException
from esb.languages import _json
from esb.languages.constant import Constant
from esb.languages.exchange_property import ExchangeProperty
from esb.languages.header import Header
from esb.languages.language import Language
from esb.languages.method import Method
from esb.languages.python import Python
from esb.languages.ref import Ref
from esb.languages.variable import Variable
from tests.unit.languages.simple_scope import Scope


def test_a_constant_is_its_text_or_what_the_type_makes_of_it() -> None:
    assert Constant(expression=" 1.50 ").compile(Scope())(Exchange()) == "1.50"
    assert Constant(expression="12", result_type="int").compile(Scope())(Exchange()) == 12


@pytest.mark.parametrize(("text", "type_name"), [("x", "int"), ("no", "boolean")])
def test_a_constant_that_is_not_of_its_type_is_refused_at_load(text: str, type_name: str) -> None:
    with pytest.raises(OptionError):
        Constant(expression=text, result_type=type_name).compile(Scope())


def test_a_constant_in_a_file_is_read_at_load(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("from file")
    scope = Scope()
    scope.path = lambda name: tmp_path / name  # type: ignore[attr-defined]
    assert Constant(expression="resource:file:c.txt").compile(scope)(Exchange()) == "from file"
    with pytest.raises(RouteSyntaxError, match="cannot be read"):
        Constant(expression="resource:file:nope.txt").compile(scope)


def test_header_property_and_variable_give_the_value_as_it_is() -> None:
    exchange = Exchange("b", {"Up": [1]})
    exchange.properties["p"] = {"k": 1}
    exchange.variables["v"] = 2.5
    scope = Scope()
    scope.variables["g"] = "shared"
    assert Header(expression="up").compile(scope)(exchange) == [1]
    assert Header(expression="up[0]").compile(scope)(exchange) is None
    assert ExchangeProperty(expression=" p ").compile(scope)(exchange) == {"k": 1}
    assert Variable(expression="v", result_type="String").compile(scope)(exchange) == "2.5"
    assert Variable(expression="global:g").compile(scope)(exchange) == "shared"


@pytest.mark.parametrize(
    ("value", "truth"), [("x", True), ("False", False), (0, True), ([], False), ({}, True), (None, False)]
)
def test_a_value_as_a_predicate(value: object, truth: bool) -> None:
    assert Header(expression="h").compile_predicate(Scope())(Exchange(None, {"h": value})) is truth


class Tool:
    def double(self, body: int) -> int:
        return body * 2

    def other(self) -> str:
        return "o"


def test_method_calls_a_bean_and_follows_its_result() -> None:
    scope = Scope(tool=Tool())
    assert Method(ref="tool", method="double").compile(scope)(Exchange("4")) == 8
    assert Method(ref="tool", method="other().length()").compile(scope)(Exchange()) == 1


def test_method_without_a_name_is_ambiguous_for_a_bean_with_several() -> None:
    with pytest.raises(AmbiguousMethodCallException):
        Method(ref="tool").compile(Scope(tool=Tool()))(Exchange())


def test_method_needs_a_bean_that_is_there() -> None:
    with pytest.raises(UnknownName):
        Method(ref="nope", method="x").compile(Scope())
    with pytest.raises(OptionError):
        Method(method="x").compile(Scope())


def test_a_processor_as_an_expression_gives_nothing_and_changes_nothing() -> None:
    class Shout:
        def process(self, exchange: Exchange) -> None:
            exchange.body = "changed"

    exchange = Exchange("b")
    assert Method(ref="s").compile(Scope(s=Shout()))(exchange) is None
    assert exchange.body == "b"


def test_a_method_without_annotations_gives_what_it_returns() -> None:
    class Checks:
        def is_new(self, exchange):  # type: ignore[no-untyped-def]  # as most route authors write it
            exchange.body = "changed"
            return exchange.message.headers["k"] == 1

        def both(self, body, headers):  # type: ignore[no-untyped-def]  # as above
            return f"{body}{headers['k']}"

        def itself(self, exchange):  # type: ignore[no-untyped-def]  # as above
            return exchange

    exchange, scope = Exchange("b", {"k": 1}), Scope(checks=Checks())
    assert Method(ref="checks", method="is_new").compile_predicate(scope)(exchange) is True
    assert Method(ref="checks", method="both").compile(scope)(exchange) == "b1"
    assert Method(ref="checks", method="itself").compile(scope)(exchange) is None
    assert exchange.body == "b"


def test_ref_is_a_bean_that_is_an_expression() -> None:
    assert Ref(expression="up").compile(Scope(up=lambda exchange: exchange.body.upper()))(Exchange("a")) == "A"
    with pytest.raises(UnknownName):
        Ref(expression="nope").compile(Scope())
    with pytest.raises(OptionError):
        Ref(expression="x").compile(Scope(x=5))


def test_language_names_another_language() -> None:
    made = Language(language="simple", expression="${body}!")
    assert made.compile(Scope())(Exchange("a")) == "a!"
    assert Language(language="simple", expression="${body} == 'a'").compile_predicate(Scope())(Exchange("a")) is True
    with pytest.raises(UnknownName, match="unknown language 'nope'"):
        Language(language="nope", expression="x").compile(Scope())


def test_python_evaluates_the_last_line() -> None:
    exchange = Exchange({"total": 10}, {"Rate": 2})
    assert Python(expression="body['total'] * headers['rate']").compile(Scope())(exchange) == 20
    assert Python(expression="import math\nx = math.floor(2.5)\nx + 1").compile(Scope())(exchange) == 3
    assert Python(expression="text(body)").compile(Scope())(exchange) == "{total=10}"


def test_python_that_is_none_is_refused_at_load_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"a\.yaml:3:5 .*not Python.*line 2"):
        Python(Position("a.yaml", 3, 5), expression="x = 1\nx +").compile(Scope())


def test_a_failure_in_python_names_the_place_and_the_cause() -> None:
    call = Python(Position("a.yaml", 3, 5), expression="body.nope").compile(Scope())
    with pytest.raises(ExpressionFailed, match=r"a\.yaml:3:5 failed: AttributeError"):
        call(Exchange("x"))


def test_method_makes_a_bean_of_a_class() -> None:
    here = f"{__name__}:Tool"
    assert Method(bean_type=here, method="double(21)").compile(Scope())(Exchange()) == 42
    with pytest.raises(ReferenceFault, match="no class"):
        Method(bean_type="no.such:Thing", method="x").compile(Scope())


def test_decimals_are_written_as_numbers_with_their_digits() -> None:
    value = {"price": Decimal("5.00"), "lines": [{"ü": Decimal("1E+3")}, (None, "x")], "no": Decimal("NaN")}
    assert _json.encode(value) == '{"price":5.00,"lines":[{"ü":1E+3},[null,"x"]],"no":"NaN"}'
