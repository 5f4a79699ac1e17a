"""The language xpath beyond what the oracle's cases say: what is refused at load, hostile documents, numbers, threads."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from esb import coerce
from esb.context import RouteContext
from esb.errors import ConversionFailed, OptionError, RouteSyntaxError
from esb.exchange import Exchange
from esb.languages._xpath import BadPath, number_text, read_path
from esb.languages.xpath import InvalidXPathException, Namespace, XPath

Evaluate = Callable[..., Any]
ORDER = '<o:order xmlns:o="urn:o" id="7"><sku>A1</sku><sku>B2</sku></o:order>'


@pytest.fixture
def evaluate() -> Evaluate:
    context = RouteContext("test", {"city": "Bergen"})

    def run(path: str, body: Any = ORDER, headers: dict[str, Any] | None = None, **options: Any) -> Any:
        return XPath(expression=path, **options).compile(context)(Exchange(body, headers))

    return run


@pytest.mark.parametrize(
    "path", ["//[", "nope()", "//q:x", "//line[@n==1]", "", "$q:x", "a b", "//x[nope()]", "q:f()", "//x[", "1 +"]
)
def test_what_is_no_path_is_refused_at_load(evaluate: Evaluate, path: str) -> None:
    with pytest.raises(RouteSyntaxError):
        evaluate(path)


def test_prefixes_are_declared_beside_the_path(evaluate: Evaluate) -> None:
    prefixes = (Namespace(key="p", value="urn:o"),)
    assert evaluate("/p:order/@id", namespace=prefixes, result_type="int") == 7


def test_a_relative_path_begins_at_the_document(evaluate: Evaluate) -> None:
    assert evaluate("a/b", "<a><b>x</b></a>", result_type="String") == "x"
    assert evaluate("count(a)", "<a/>", result_type="int") == 1
    assert evaluate("concat(a/b, '!')", "<a><b>x</b></a>", result_type="String") == "x!"


@pytest.mark.parametrize(
    ("path", "text"),
    [("string(.)", "A1B2"), ("string(/)", "A1B2"), ("concat(., '-', string(/*/sku))", "A1B2-A1"), ("string()", "A1B2"), ("name(.)", "")],
)  # fmt: skip
def test_the_document_as_text_is_all_its_text(evaluate: Evaluate, path: str, text: str) -> None:
    assert evaluate(path, result_type="String") == text


@pytest.mark.parametrize("path", ["count(//sku)", "string(//sku)", "//sku = 'A1'"])
def test_a_result_that_is_no_node_list_needs_a_type(evaluate: Evaluate, path: str) -> None:
    with pytest.raises(InvalidXPathException, match="name a resultType"):
        evaluate(path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("string(1 div 3)", "0.3333333333333333"),
        ("concat('', 123456789012 * 10)", "1234567890120"),
        ("string(0.00000001)", "0.00000001"),
        ("1 div 0", "Infinity"),
        ("string(-0)", "0"),
    ],
)
def test_numbers_as_text_have_all_digits_and_no_exponent(evaluate: Evaluate, path: str, text: str) -> None:
    assert evaluate(path, result_type="String") == text


def test_number_text_is_what_python_reads_back() -> None:
    for value in (0.1, 1e-7, 123456789.125, -2.5, 1e22, 5e-324):
        assert float(number_text(value)) == value
        assert "e" not in number_text(value)


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "no xml",
        "",
        {"a": 1},
        12,
        "<a>" * 1000,
    ],
)
def test_what_is_no_safe_document_is_refused(evaluate: Evaluate, body: Any) -> None:
    with pytest.raises(ConversionFailed):
        evaluate("/a", body)


@pytest.mark.parametrize(
    ("path", "value"), [("/a", []), ("count(//a) > 0", False), ("true()", True), ("/a | //text()", [])]
)
def test_where_there_is_no_document_no_path_finds_anything(evaluate: Evaluate, path: str, value: Any) -> None:
    result_type = None if isinstance(value, list) else "Boolean"
    assert evaluate(path, None, result_type=result_type) == value


def test_a_header_that_is_missing_is_no_node(evaluate: Evaluate) -> None:
    assert evaluate("in:header('none')", "<a/>") == []
    assert evaluate("in:header('none')", "<a/>", result_type="String") == ""


def test_a_part_is_given_without_what_follows_it(evaluate: Evaluate) -> None:
    [part] = evaluate("/a/b", "<a><b>1</b>tail</a>")
    assert coerce.octets(part) == b"<b>1</b>"
    assert evaluate("/a/b", "<a><b>1</b>tail</a>", result_type="byte[]") == b"<b>1</b>"


def test_a_part_is_a_document_of_its_own_for_its_paths(evaluate: Evaluate) -> None:
    part = evaluate("/a/b[2]", "<a><b>1</b><b><c>2</c></b>tail</a>")[0]
    assert evaluate("/b/c", part, result_type="String") == "2"
    assert evaluate("/a", part) == []


def test_camels_functions_read_the_exchange(evaluate: Evaluate) -> None:
    headers = {"h": "A1", "n": 2}
    assert evaluate("in:header('H')", headers=headers, result_type="String") == "A1"
    assert evaluate("string-length(in:body())", "<a/>", result_type="int") == 4
    assert evaluate("function:properties('city')", result_type="String") == "Bergen"
    assert evaluate("function:simple('${header.n}!')", headers=headers, result_type="String") == "2!"
    assert evaluate("//sku[. = $h]", headers=headers, result_type="String") == "A1"
    assert evaluate("$n + 1", headers=headers, result_type="int") == 3
    assert evaluate("$nope", result_type="String") == ""


def test_data_may_choose_a_property(evaluate: Evaluate) -> None:
    assert evaluate("function:properties(/a)", "<a>city</a>", result_type="String") == "Bergen"


@pytest.mark.parametrize("key", ["env:DB_PASSWORD", "sys:city", "city:other", "city}}{{env:DB_PASSWORD", "none"])
def test_data_never_chooses_a_function_of_the_placeholders(
    evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "s3cret")
    with pytest.raises(InvalidXPathException, match="no property") as refused:
        evaluate("function:properties(string(/a))", f"<a>{key}</a>", result_type="String")
    assert "s3cret" not in str(refused.value)


def test_the_route_itself_may_name_a_function_of_the_placeholders(
    evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITY", "Voss")
    assert evaluate("function:properties('env:CITY')", result_type="String") == "Voss"


def test_data_is_never_read_as_simple(evaluate: Evaluate) -> None:
    with pytest.raises(OptionError, match="one text in quotes"):
        evaluate("function:simple(//sku)", result_type="String")


def test_a_header_cannot_change_the_path(evaluate: Evaluate) -> None:
    assert evaluate("//sku[. = $h]", headers={"h": "x' or '1'='1"}, result_type="String") == ""


def test_threads_do_not_disturb_each_other() -> None:
    expression = XPath(expression="concat(/a/@n, '-', $h)", result_type="String").compile(RouteContext("test"))
    wrong: list[Any] = []

    def work(number: int) -> None:
        for turn in range(50):
            told = expression(Exchange(f'<a n="{turn}"/>', {"h": f"h{number}"}))
            if told != f"{turn}-h{number}":
                wrong.append(told)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("/a/b", "/a/b"),
        ("//a[b]", "//a[b]"),
        ("a", "/a"),
        ("concat('x', /a)", "esb-own:concat('x',/a)"),
        ("concat('x', a)", "esb-own:concat('x',/a)"),
        ("text()", "/text()"),
        ("@id", "/@id"),
        ("1 * 2", "1 * 2"),
        ("1 * a", "1 */a"),
        ("/a * * + 1", "/a */*+1"),
        ("/a[b * c div d]", "/a[b * c div d]"),
        ("/a/*", "/a/*"),
        ("*", "/*"),
        ("/a and b", "/a and/b"),
        ("div div div", "/div div/div"),
        ("/a | ./b", "/a|/./b"),
        ("child::a[c]", "/child::a[c]"),
        ("/child::a", "/child::a"),
    ],
)
def test_paths_from_the_context_become_paths_from_the_document(text: str, repaired: str) -> None:
    assert read_path(text, ()).text == repaired


def test_the_repaired_text_keeps_words_apart() -> None:
    assert read_path("/a[b and c or 'x' = 'y']", ()).text == "/a[b and c or 'x'='y']"
    with pytest.raises(BadPath):
        read_path("a ! b", ())
