"""XPath 3.1 and XQuery 3.1 by Saxon, in a process of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from esb.context import RouteContext
from esb.errors import ProjectError, RouteSyntaxError
from esb.exchange import Exchange
from esb.languages import _saxon
from esb.languages._saxon import Query, SaxonFault
from esb.languages.xpath import InvalidXPathException, Namespace, XPath
from esb.languages.xquery import RuntimeExpressionException, XQuery

ORDER = '<order id="7" kind="gold"><line n="1"><sku>A1</sku><qty>2</qty></line><line n="2"><sku>B2</sku><qty>5</qty></line></order>'

Evaluate = Callable[..., Any]
needs_saxon = pytest.mark.skipif(not _saxon.available(), reason="the extra xquery (saxonche) is not installed")


def exchange(body: Any = ORDER) -> Exchange:
    made = Exchange(body, {"h": "B2", "n": 4})
    made.properties["p"] = "gold"
    return made


def xpath(text: str, body: Any = ORDER, **options: Any) -> Any:
    return XPath(expression=text, saxon=True, **options).compile(RouteContext("test"))(exchange(body))


def xquery(text: str, body: Any = ORDER, **options: Any) -> Any:
    return XQuery(expression=text, **options).compile(RouteContext("test"))(exchange(body))


def query(text: str, document: str | None = "<a/>", *, is_xquery: bool = True) -> list[Any]:
    return Query(text, xquery=is_xquery, namespaces={}, variables=frozenset()).run(document, {})


@needs_saxon
@pytest.mark.parametrize(
    ("text", "result_type", "value"),
    [
        ("string-join(//sku, '-')", "String", "A1-B2"),
        ("//line[sku = $h]/qty", "Integer", 5),
        ("//qty > 3", "Boolean", True),
        ("max(//qty/number())", "String", "5"),
        ("for $l in //line return string($l/sku)", "String", "A1"),
        ("12345678901234567890", "String", "12345678901234567890"),
        ("//none", "String", ""),
        ("//none", "Integer", None),
        ("1.5 + 1", "Double", 2.5),
        ("'a' || $p", "String", "agold"),
        ("$none || 'x'", "String", "x"),
    ],
)
def test_paths_of_xpath_3(text: str, result_type: str, value: Any) -> None:
    assert xpath(text, result_type=result_type) == value


@needs_saxon
def test_what_a_path_finds_are_elements() -> None:
    found = xpath("//line[qty > 3]/sku")
    assert [etree.tostring(node) for node in found] == [b"<sku>B2</sku>"]


@needs_saxon
def test_a_path_may_name_prefixes() -> None:
    prefixes = (Namespace(key="o", value="urn:o"),)
    assert xpath("exists(/o:a)", "<a xmlns='urn:o'/>", namespace=prefixes, result_type="Boolean") is True


@needs_saxon
def test_a_path_finds_nothing_where_there_is_no_body() -> None:
    assert xpath("/order", None) == []


@needs_saxon
@pytest.mark.parametrize("text", ["//line[", "nobody-knows(1)", "in:header('h')", "1 +"])
def test_a_path_that_saxon_cannot_read_is_refused_at_load(text: str) -> None:
    with pytest.raises(RouteSyntaxError):
        xpath(text)


@needs_saxon
def test_the_fault_of_a_path_is_told_of_the_path_as_it_is_written() -> None:
    with pytest.raises(RouteSyntaxError) as caught:
        xpath("upper-case(/a")
    assert "else" not in str(caught.value)


@needs_saxon
def test_a_path_that_fails_fails_the_message() -> None:
    with pytest.raises(InvalidXPathException, match="more than one item"):
        xpath("matches(//sku, 'A')", result_type="Boolean")


@needs_saxon
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("for $l in //line order by $l/qty descending return string($l/sku)", "B2A1"),
        ("<r>{//sku}</r>", "A1B2"),
        ("declare variable $in.headers.h external; $in.headers.h", "B2"),
        ("declare variable $p external; upper-case($p)", "GOLD"),
        ("declare variable $in.body external; string-length($in.body)", str(len(ORDER))),
        ("declare function local:twice($a) { $a * 2 }; local:twice(4)", "8"),
        ("(1, 2.5, true(), 'x')", "12.5truex"),
        ("()", ""),
    ],
)
def test_a_query_as_text(text: str, value: str) -> None:
    assert xquery(text, result_type="String") == value


@needs_saxon
def test_a_query_makes_an_element() -> None:
    assert (
        etree.tostring(xquery("<r kind='{/order/@kind}'>{//sku[. = 'A1']}</r>")) == b'<r kind="gold"><sku>A1</sku></r>'
    )


@needs_saxon
@pytest.mark.parametrize("text", ["//sku", "count(//sku)", "/order/@id", "'x'"])
def test_a_query_that_makes_no_single_element_fails(text: str) -> None:
    with pytest.raises(RuntimeExpressionException, match="one element"):
        xquery(text)


@needs_saxon
def test_a_query_needs_no_body() -> None:
    assert xquery("1 + 1", None, result_type="String") == "2"
    with pytest.raises(RuntimeExpressionException, match="absent"):
        xquery("/order", None)


@needs_saxon
@pytest.mark.parametrize(
    ("text", "value"),
    [("//none", False), ("//sku", True), ("false()", False), ("0", True), ("''", True), ("//qty > 3", True)],
)
def test_a_query_as_a_predicate(text: str, value: bool) -> None:
    assert XQuery(expression=text).compile_predicate(RouteContext("test"))(exchange()) is value


@needs_saxon
@pytest.mark.parametrize("text", ["1 +", "$nobody", "o:x", "doc("])
def test_a_query_that_cannot_be_read_is_refused_at_load(text: str) -> None:
    with pytest.raises(RouteSyntaxError):
        xquery(text)


@needs_saxon
@pytest.mark.parametrize(
    "text",
    [
        "doc('file:///etc/hostname')",
        "doc('hostname')",
        "unparsed-text('file:///etc/hostname')",
        "unparsed-text-lines('/etc/hostname')",
        "json-doc('file:///etc/hostname')",
        "collection('file:///etc')",
        "uri-collection('file:///etc')",
        "doc('http://127.0.0.1:9/')",
        'import module namespace x = "x" at "file:///etc/hostname"; 1',
        "parse-xml('<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]><a>&#38;x;</a>')",
        "transform(map { 'stylesheet-location': 'file:///etc/hostname', 'source-node': . })",
    ],
)
def test_a_query_reaches_no_file_and_no_network(text: str) -> None:
    with pytest.raises(SaxonFault):
        query(text)


@needs_saxon
def test_a_query_sees_no_environment() -> None:
    assert query("count(available-environment-variables())") == [0]


@needs_saxon
def test_a_query_writes_no_file(tmp_path: Any) -> None:
    style = (
        '<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
        f'<xsl:result-document href="{(tmp_path / "x").as_uri()}"><x/></xsl:result-document></xsl:template></xsl:stylesheet>'
    )
    with pytest.raises(SaxonFault):
        query(f"transform(map {{ 'stylesheet-text': '{style}', 'source-node': . }})?output")
    assert not (tmp_path / "x").exists()


@needs_saxon
def test_deep_documents_are_refused() -> None:
    with pytest.raises(SaxonFault, match="depth"):
        query("1", "<a>" * 250 + "</a>" * 250)


@needs_saxon
def test_what_a_message_brings_is_data() -> None:
    assert (
        xquery("declare variable $in.headers.h external; $in.headers.h", "<a>{1+1}</a>", result_type="String") == "B2"
    )
    assert xquery("string(/a)", "<a>{doc('file:///etc/hostname')}</a>", result_type="String").startswith("{doc")


@needs_saxon
def test_threads_take_turns() -> None:
    counted = Query("count(//b)", xquery=False, namespaces={}, variables=frozenset())
    wrong: list[Any] = []

    def work(size: int) -> None:
        for _ in range(20):
            found = counted.run("<a>" + "<b/>" * size + "</a>", {})
            if found != [size]:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(size,)) for size in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@needs_saxon
def test_when_saxon_ends_the_next_message_finds_a_new_one() -> None:
    query("1")
    running = _saxon._beside()._running
    assert running is not None
    running.kill()
    running.wait()
    assert query("2") == [2]


@needs_saxon
def test_an_evaluation_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    query("1")
    monkeypatch.setattr(_saxon, "LONGEST", 0.05)
    with pytest.raises(SaxonFault, match="longer"):
        query("sum(for $a in 1 to 100000, $b in 1 to 100000 return $a mod ($b + 1))")
    monkeypatch.undo()
    assert query("2") == [2]


@needs_saxon
def test_a_forked_process_has_a_saxon_of_its_own() -> None:
    query("1")
    pid = os.fork()
    if not pid:
        status = 1
        try:
            status = 0 if query("upper-case('ok')") == ["OK"] else 2
            _saxon._end()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert query("3") == [3]


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_saxon, "available", lambda: False)
    with pytest.raises(ProjectError, match=r"esb\[xquery\]"):
        xquery("1")
    with pytest.raises(ProjectError, match=r"esb\[xquery\]"):
        xpath("upper-case('a')")
    assert xpath("count(//sku)", result_type="Integer") == 2  # what is XPath 1.0 runs without it
