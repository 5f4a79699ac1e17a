from __future__ import annotations

import hashlib

import pytest

from esb.errors import ConversionFailed, ExpressionFailed
from esb.exchange import Exchange
from esb.javanames import IllegalArgumentException, IllegalStateException, NullPointerException, RuntimeCamelException
from esb.languages.simple.functions import Call, table
from tests.unit.languages.simple_scope import Scope, evaluate, refused

MOMENT = 1_704_164_645_678
"""2024-01-02T03:04:05.678Z"""


def subject() -> Exchange:
    made = Exchange(
        {"name": "Ada", "tags": ["x", "y", "z"], "a.b": "dotted", "addr": {"city": "Oslo"}},
        {
            "Kind": "abc",
            "n": 12,
            "m": {"k": "v"},
            "l": ["p", "q"],
            "dot.ted": "t",
            "d": MOMENT,
            "which": "n",
            "key": "name",
        },
    )
    made.properties["p"] = {"k": [1, 2]}
    made.variables["v"] = "vv"
    return made


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${body[name]}", "Ada"),
        ("${body['a.b']}", "dotted"),
        ("${body.get('name')}", "Ada"),
        ("${body[addr][city]}", "Oslo"),
        ("${body[tags][last-1]}", "y"),
        ("${body[tags].size}", 3),
        ("${body[nope]}", None),
        ("${body[${header.key}]}", "Ada"),
        ("${body.containsKey('name')}", True),
        ("${body[name].toUpperCase().length}", 3),
        ("${body[name].class.name}", "java.lang.String"),
        ("${body[tags]?[5]}", None),
        ("${header.kind}", "abc"),
        ("${header.nope.x}", None),
        ("${header.m[k]}", "v"),
        ("${header.l[last]}", "q"),
        ("${header.dot.ted}", "t"),
        ("${header[dot.ted]}", "t"),
        ("${header.Kind.length()}", 3),
        ("${header.${header.which}}", 12),
        ("${headerAs(n,String)}", "12"),
        ("${headers.size}", 8),
        ("${exchangeProperty.p[k][1]}", 2),
        ("${variable.v}", "vv"),
        ("${variableAs(v,String)}", "vv"),
        ("${variables.size}", 1),
        ("${empty(list)}", []),
        ("${list(a,${header.n})}", ["a", 12]),
        ("${map(k,${header.n})}", {"k": 12}),
        ("${iif(${header.n} > 5,'big, one',small)}", "'big, one'"),
        ("${iif(${header.n} > 50,big,${body[name]})}", "Ada"),
        ("${hash(abc)}", hashlib.sha256(b"abc").hexdigest()),
        ("${hash(${header.kind},MD5)}", hashlib.md5(b"abc").hexdigest()),
        ("${replace(b,'&empty;',${header.kind})}", "ac"),
        ("${substring(1,-1,${header.kind})}", "b"),
        ("${join(-,'x',${header.l})}", "xp-xq"),
        ("${type:java.lang.Integer.MAX_VALUE}", "2147483647"),
        ("${type:org.apache.camel.Exchange.FILE_NAME}", "CamelFileName"),
        ("${random(3,4)}", 3),
        ("${exception}", None),
        ("${exchange.getMessage().getHeader('n')}", 12),
        ("${camelId}", "test"),
        ("${null}", None),
    ],
)
def test_values(text: str, value: object) -> None:
    assert evaluate(text, subject()) == value


@pytest.mark.parametrize(
    "text",
    [
        "${body.name}",
        "${body.length}",
        "${body[nope].x}",
        "${body[tags][9]}",
        "${body[name].toUpperCase}",
        "${body[name].nope()}",
        "${body[name].substring(99)}",
        "${bodyAs(no.such.Type)}",
        "${type:java.lang.Nope}",
    ],
)
def test_what_the_data_does_not_have_fails_with_an_explanation(text: str) -> None:
    with pytest.raises(ExpressionFailed, match=r"\w+ \w+"):
        evaluate(text, subject())


def test_private_attributes_of_objects_cannot_be_reached() -> None:
    class Thing:
        _secret = "s3cret"
        plainName = "shown"  # noqa: N815 -- any spelling is reached

    assert evaluate("${body.plainName}", Exchange(Thing())) == "shown"
    for path in ("_secret", "__class__", "__init__.__globals__"):
        with pytest.raises(ExpressionFailed):
            evaluate(f"${{body.{path}}}", Exchange(Thing()))


def test_python_names_answer_to_java_spelling() -> None:
    class Order:
        total_price = 5

        def is_open(self) -> bool:
            return True

    assert evaluate("${body.totalPrice}/${body.isOpen}", Exchange(Order())) == "5/true"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${bodyAs(Integer)}", 12),
        ("${bodyAs('String').length}", 2),
        ("${mandatoryBodyAs(Long)}", 12),
        ("${bodyAs(java.util.List)}", None),
        ("${bodyOneLine}", "12"),
    ],
)
def test_the_body_as_a_type(text: str, value: object) -> None:
    assert evaluate(text, Exchange("12")) == value


def test_a_mandatory_body_must_be_there() -> None:
    with pytest.raises(ConversionFailed):
        evaluate("${mandatoryBodyAs(String)}", Exchange(None))


def test_pretty_xml_keeps_text_wherever_it_stands() -> None:
    told = '<?xml version="1.0"?><a xmlns:p="u" p:x="&lt;1&quot;">t<p:b/>&amp;tail</a>'
    assert evaluate("${prettyBody}", Exchange(told)) == (
        '<?xml version="1.0"?>\n<a xmlns:p="u" p:x="&lt;1&quot;">\n  t\n  <p:b>\n  </p:b>\n  &amp;tail\n</a>'
    )


def test_pretty_json_keeps_a_name_that_comes_twice() -> None:
    assert evaluate("${prettyBody}", Exchange('{"a":1,"a":"/"}')) == '{\n\t"a": 1,\n\t"a": "\\/"\n}\n'


def test_pretty_indents_json_and_xml() -> None:
    assert evaluate("${prettyBody}", Exchange('{"a":[1.50]}')) == '{\n\t"a": [\n\t\t1.50\n\t]\n}\n'
    assert evaluate("${pretty(${body})}", Exchange("<a><b>1</b></a>")) == "<a>\n  <b>\n    1\n  </b>\n</a>"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${date-with-timezone:header.d:UTC:yyyy-MM-dd'T'HH:mm:ss.SSSXXX}", "2024-01-02T03:04:05.678Z"),
        ("${date-with-timezone:header.d+1h30m-100:GMT:HH:mm:ss.SSS}", "04:34:05.578"),
        ("${date-with-timezone:header.d:Asia/Kolkata:HH:mm XXX}", "08:34 +05:30"),
        ("${date-with-timezone:header.d:GMT+05:30:HH:mm}", "08:34"),
        ("${date-with-timezone:header.d:No/Where:HH:mm}", "03:04"),
    ],
)
def test_dates(text: str, value: str) -> None:
    assert evaluate(text, subject()) == value


@pytest.mark.parametrize(
    "text", ["${date:header.nope:yyyy}", "${date:header.n:yyyy}", "${date:foo:yyyy}", "${date:header.d:qq}"]
)
def test_dates_that_cannot_be_had_fail(text: str) -> None:
    with pytest.raises(IllegalArgumentException):
        evaluate(text, subject())


def test_the_failure_being_handled() -> None:
    made = Exchange("x")
    made.properties["CamelExceptionCaught"] = IllegalStateException("broken")
    assert evaluate("${exception.message}", made) == "broken"
    assert evaluate("${exception.class.simpleName}", made) == "IllegalStateException"
    assert "broken" in evaluate("${exception.stacktrace}", made)


def test_properties_with_defaults() -> None:
    scope = Scope({"city": "Bergen"})
    assert evaluate("${properties:city}", scope=scope) == "Bergen"
    assert evaluate("${properties:nope:a:b}", scope=scope) == "a:b"
    assert evaluate("${propertiesExist:!city}", scope=scope) is False
    with pytest.raises(RuntimeCamelException):
        evaluate("${properties:nope}", scope=scope)


class Prices:
    def of(self, body: str, currency: str = "EUR") -> str:
        return f"{body} {currency}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${bean:prices.of}", "5 EUR"),
        ("${bean:prices?method=of}", "5 EUR"),
        ("${bean:prices::of('7','NOK')}", "7 NOK"),
        ("${bean:prices.of(${body},'a, b')}", "5 a, b"),
        ("${bean:prices.of(${body}).length()}", 5),
    ],
)
def test_beans(text: str, value: object) -> None:
    assert evaluate(text, Exchange("5"), Scope(prices=Prices())) == value


def test_a_missing_bean_is_refused_at_load() -> None:
    assert "unknown bean 'nope'" in refused("${bean:nope.upper}")


def test_a_project_adds_a_function_by_registering_its_builder() -> None:
    def shout(call: Call):  # type: ignore[no-untyped-def]
        argument = call.expression(call.inside("shout(text)"))
        return lambda exchange: f"{argument(exchange)}!"

    assert evaluate("${shout(${body})}", Exchange("hi"), Scope(shout=shout)) == "hi!"


def test_a_function_of_a_project_never_hides_one_of_ours() -> None:
    assert evaluate("${body}", Exchange("b"), Scope(body=lambda _call: None)) == "b"


def test_functions_are_found_by_their_modules() -> None:
    assert {"body", "header", "date", "bean", "random", "hash", "jsonpath"} <= set(table())


def test_an_unknown_language_in_a_query_is_refused() -> None:
    assert "unknown language" in refused("${jsonpath($.a)}")


def test_unique_ids_differ() -> None:
    assert evaluate("${uuid}") != evaluate("${uuid}")
    assert len(evaluate("${uuid(random)}")) == 36
    assert "unknown bean 'nope'" in refused("${uuid(nope)}")


@pytest.mark.parametrize("text", ["${skip(1)}", "${collate(2)}", "${join(-)}"])
def test_there_is_no_walking_through_nothing(text: str) -> None:
    with pytest.raises(IllegalArgumentException):
        evaluate(text, Exchange(None))


def test_collate_and_skip_give_iterators() -> None:
    assert list(evaluate("${collate(2)}", Exchange([1, 2, 3]))) == [[1, 2], [3]]
    assert list(evaluate("${skip(1)}", Exchange("a,b,c"))) == ["b", "c"]


@pytest.mark.parametrize(("value", "digest"), [("", None), (None, None), (5, None)])
def test_there_is_no_hash_of_nothing_nor_of_a_number(value: object, digest: object) -> None:
    assert evaluate("${hash(${body})}", Exchange(value)) == digest


def test_an_exception_in_text_is_told_as_java_tells_it() -> None:
    made = Exchange("x")
    made.properties["CamelExceptionCaught"] = IllegalStateException("broken")
    assert evaluate("<${exception}>", made) == "<java.lang.IllegalStateException: broken>"


def test_arguments_may_hold_functions_with_parentheses_and_commas() -> None:
    assert evaluate("${replace(a,b,${bodyAs(String)})}", Exchange("aa")) == "bb"
    assert evaluate("${list(${substring(1,-1)},x)}", Exchange("abc")) == ["b", "x"]
    assert evaluate("${headerAs(${body},String)}", Exchange("n", {"n": 5})) == "5"


def test_attachments_are_found_by_name_and_by_place() -> None:
    exchange = Exchange("x")
    exchange.message.attachments = {"a.txt": b"first", "b.bin": b"\x00\x01"}
    for text, value in {
        "${attachmentContent(a.txt)}": "first",
        "${attachmentContent(1)}": b"\x00\x01",
        "${attachmentContentAsText(0)}": "first",
        "${attachmentContentAs(a.txt,byte[])}": b"first",
        "${attachmentsKeys}": ["a.txt", "b.bin"],
        "${attachment[a.txt].name}": "a.txt",
        "${attachment[0].contentType}": "text/plain",
        "${attachment[b.bin].getContent()}": b"\x00\x01",
        "${attachment[none].name}": None,
        "${attachment.a.txt}": b"first",
        "x${clearAttachments}${attachments.size}": "x0",
    }.items():
        assert evaluate(text, exchange) == value, text
    with pytest.raises(NullPointerException):
        evaluate("${attachmentContent(a.txt)}", exchange)
