"""Endpoint URIs, as Camel 4.17 reads them (the cases were recorded with it)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.dsl.uri import Uri, parse_uri, sanitise
from esb.errors import OptionError, Position
from esb.secret import Secret


@pytest.mark.parametrize(
    ("text", "scheme", "path"),
    [
        ("direct:start", "direct", "start"),
        ("direct://start", "direct", "start"),
        ("mock:///a", "mock", "/a"),
        ("mock:/a", "mock", "/a"),
        ("mock://a/b", "mock", "a/b"),
        (" mock:a ", "mock", "a"),
        ("mock:x&y", "mock", "x&y"),
        ("mock:a?", "mock", "a"),
        ("mock", "mock", ""),
        ("file:/tmp/di%20r", "file", "/tmp/di r"),
        ("file:/tmp/di r", "file", "/tmp/di r"),
        ("file:/tmp/di+r", "file", "/tmp/di+r"),
        ("file:/tmp/pct%25", "file", "/tmp/pct%"),
        ("file:/tmp/pct%", "file", "/tmp/pct%"),
        ("spring-rabbitmq:ex", "spring-rabbitmq", "ex"),
    ],
)
def test_scheme_and_path(text: str, scheme: str, path: str) -> None:
    uri = parse_uri(text)
    assert (uri.scheme, uri.path, uri.options) == (scheme, path, {})


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a.txt", "a.txt"),
        ("a b.txt", "a b.txt"),
        ("p%20q+r.txt", "p q r.txt"),
        ("100%.txt", "100%.txt"),
        ("a%zz.txt", "a%zz.txt"),
        ("a%2Bb.txt", "a b.txt"),
        ("å%C3%A6.txt", "åæ.txt"),
        ("%ff", "%ff"),
        ("a=b.txt", "a=b.txt"),
        ("a?b.txt", "a?b.txt"),
        ("a;b,c.txt", "a;b,c.txt"),
        (" lead", " lead"),
        ("", ""),
        ("RAW(x+y.txt)", "x+y.txt"),
        ("RAW(a%20b&c.txt)", "a%20b&c.txt"),
        ("RAW{a)b&c}", "a)b&c"),
        ("RAW(a)b", "RAW(a)b"),
        ("RAW(a", "RAW(a"),
    ],
)
def test_a_value_is_decoded(written: str, value: str) -> None:
    assert parse_uri(f"file:o?fileName={written}&z=1").options == {"fileName": value, "z": "1"}


def test_an_escaped_ampersand_still_ends_a_value() -> None:
    assert parse_uri("file:o?fileName=a%26b.txt").options == {"fileName": "a", "b.txt": ""}


def test_a_parameter_without_value_is_empty() -> None:
    assert parse_uri("mock:a?retainFirst").options == {"retainFirst": ""}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("1x:y", "not a URI"),
        (":y", "not a URI"),
        ("mock:a?x=1&&y=2", "no name"),
        ("mock:a?=1", "no name"),
        ("mock:a?x=1&", "ends with an ampersand"),
    ],
)
def test_what_is_no_uri_is_refused_at_its_place(text: str, word: str) -> None:
    with pytest.raises(OptionError, match=word) as caught:
        parse_uri(text, at=Position("r.yaml", 3, 9))
    assert caught.value.at.line == 3


def test_a_parameter_given_twice_is_refused_where_one_value_is_wanted() -> None:
    uri = parse_uri("http:host/p?a=1&a=2")
    assert uri.pairs == (("a", "1"), ("a", "2"))
    with pytest.raises(OptionError, match="'a' is given twice"):
        _ = uri.options


def test_parameters_beside_the_uri_are_its_options() -> None:
    uri = parse_uri("file:o", {"fileName": "c+d.txt", "noop": True, "delay": 5, "x": "RAW(g&h+i)", "none": None})
    assert uri.options == {"fileName": "c d.txt", "noop": "true", "delay": "5", "x": "g&h+i"}
    assert parse_uri("file:o", {"fileName": "a&c.txt"}).options == {"fileName": "a", "c.txt": ""}


def test_a_secret_parameter_is_taken_as_it_is() -> None:
    assert parse_uri("x:y", {"password": Secret("a&b+%20")}).options == {"password": "a&b+%20"}


def test_options_in_both_places_are_refused() -> None:
    with pytest.raises(OptionError, match="both in the URI and under parameters"):
        parse_uri("mock:a?retainFirst=1", {"retainLast": 2})


def test_the_written_query_is_kept_for_schemes_that_send_it() -> None:
    uri = parse_uri("http://host:80/a%2Fb?q=a%26b")
    assert (uri.raw_path, uri.query) == ("host:80/a%2Fb", "q=a%26b")


def test_the_same_endpoint_has_the_same_text_however_it_is_written() -> None:
    assert str(parse_uri("direct:a?y=2&x=1")) == str(parse_uri("direct://a", {"x": 1, "y": 2})) == "direct://a?x=1&y=2"


def test_secrets_are_starred() -> None:
    uri = parse_uri("sql:x?password=pw&user=u&apiKey=k&bodyToken=t&accessKey=a&compass=north")
    assert uri.safe() == "sql://x?accessKey=***&apiKey=***&bodyToken=***&compass=north&password=***&user=u"
    assert "pw" not in repr(uri)
    assert parse_uri("x:y?pin=1234").safe({"pin"}) == "x://y?pin=***"
    assert parse_uri("ftp://joe:secret@host/dir").safe() == "ftp://joe:***@host/dir"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sql:x?password=RAW(a&b)&z=1", "sql:x?password=***&z=1"),
        ("amqp://joe:pw@host/v", "amqp://joe:***@host/v"),
        ("no uri at all", "no uri at all"),
    ],
)
def test_any_text_can_be_sanitised(text: str, shown: str) -> None:
    assert sanitise(text) == shown


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)


@given(st.from_regex(r"[a-z][a-z0-9-]{0,6}", fullmatch=True), texts, st.dictionaries(names, texts, max_size=4))
def test_what_is_rendered_is_read_as_it_was(scheme: str, path: str, options: dict[str, str]) -> None:
    uri = Uri(scheme, path, tuple(sorted(options.items())))
    assert parse_uri(str(uri)) == uri
