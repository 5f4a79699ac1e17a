import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.dataformats._grok_patterns import PATTERNS
from esb.dataformats.grok import Grok
from esb.errors import ConversionFailed, Malformed, OptionError, UnknownName
from esb.exchange import Exchange

LINE = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326'


@pytest.mark.parametrize("name", PATTERNS)
def test_every_name_is_a_pattern(make, name):
    make("grok", pattern=f"%{{{name}:x}}").read("some line")


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("IP", ["10.0.0.1", "::1", "fe80::1", "2001:db8:85a3::8a2e:370:7334", "::ffff:10.0.0.1", "1:2:3:4:5:6:7:8"],
         ["10.0.0", "256.1.1.1", "x", ":"]),
        ("NUMBER", ["5", "-1.5", ".5", "+7"], ["x", "."]),
        ("HOSTNAME", ["example.org", "a", "a-b.c"], ["-a", ""]),
        ("UUID", ["01234567-89ab-cdef-0123-456789abcdef"], ["0123"]),
        ("TIMESTAMP_ISO8601", ["2020-01-02T03:04:05Z", "2020-01-02 03:04:05,123+0100", "2020-01-02T03:04"], ["2020-13-40"]),
        ("LOGLEVEL", ["ERROR", "warn", "Info"], ["loud"]),
        ("URI", ["http://example.org/a?b=c", "ftp://ann:pw@h:21/"], ["example"]),
        ("QS", ['"a \\" b"', "'x'"], ["x"]),
    ],
)  # fmt: skip
def test_names_mean_what_they_say(make, name, yes, no):
    form = make("grok", pattern=f"^%{{{name}:x}}$", named_only=True)
    assert [(form.read(text) or {}).get("x") for text in yes] == yes
    assert [form.read(text) for text in no] == [None] * len(no)


def test_a_line_of_a_web_servers_log_is_taken_apart(make):
    values = make("grok", pattern="%{COMMONAPACHELOG}").read(LINE)
    wanted = {
        "clientip": "127.0.0.1",
        "auth": "frank",
        "verb": "GET",
        "request": "/a.gif",
        "response": "200",
        "bytes": "2326",
    }
    assert wanted.items() <= values.items()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("10.0.0.1 GET 55", {"client": "10.0.0.1", "method": "GET", "bytes": 55}),
        ("10.0.0.1 GET 55\nnothing\n10.0.0.2 PUT 66", [
            {"client": "10.0.0.1", "method": "GET", "bytes": 55},
            {"client": "10.0.0.2", "method": "PUT", "bytes": 66}]),
        ("nothing", None),
        ("", None),
    ],
)  # fmt: skip
def test_one_match_is_a_map_and_several_are_a_list(make, text, values):
    assert make("grok", pattern="%{IP:client} %{WORD:method} %{NUMBER:bytes:int}").read(text) == values


def test_a_line_is_looked_at_once_on_demand(make):
    text = "one two\nthree"
    assert make("grok", pattern="%{WORD:a}").read(text) == [{"a": "one"}, {"a": "two"}, {"a": "three"}]
    once = make("grok", pattern="%{WORD:a}", allow_multiple_matches_per_line=False)
    assert once.read(text) == [{"a": "one"}, {"a": "three"}]


def test_names_without_a_name_of_their_own_are_left_out_on_demand(make):
    assert make("grok", pattern="%{NUMBER:n} %{WORD}").read("5 x") == {"n": "5", "WORD": "x"}
    assert make("grok", pattern="%{NUMBER:n} %{WORD}", named_only=True).read("5 x") == {"n": "5"}


def test_several_values_of_a_name_are_a_list_or_refused(make):
    assert make("grok", pattern="%{WORD:a}-%{WORD:a}").read("x-y") == {"a": ["x", "y"]}
    with pytest.raises(Malformed, match="key 'a' has multiple non-null values"):
        make("grok", pattern="%{WORD:a}-%{WORD:a}", flattened=True).read("x-y")
    assert make("grok", pattern="%{INT:a}|%{WORD:a}", flattened=True).read("x") == {"a": "x"}


@pytest.mark.parametrize(
    ("pattern", "values"),
    [(r"%{WORD:a} (?<b>\d+)", {"b": "12", "a": "abc"}), ("%{WORD:a} {0,1}%{INT:b:long}", {"a": "abc", "b": 12})],
)
def test_names_may_stand_among_other_patterns(make, pattern, values):
    assert make("grok", pattern=pattern).read("abc 12") == values


@pytest.mark.parametrize(
    ("pattern", "error", "told"),
    [
        ("%{NOPE:x}", UnknownName, "unknown grok pattern 'NOPE'"),
        ("%{WROD:x}", UnknownName, "did you mean 'WORD'"),
        ("%{INT:x:integr}", UnknownName, "did you mean 'integer'"),
        ("(?!x)%{INT:x}", OptionError, "look-around"),
        ("(", OptionError, "cannot be used"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_load(make, pattern, error, told):
    with pytest.raises(error, match=told):
        make("grok", pattern=pattern)


def test_a_value_that_is_not_of_its_type_is_refused(make):
    with pytest.raises(Malformed, match="the value of 'x'"):
        make("grok", pattern="%{WORD:x:int}").read("abc")


def test_grok_only_reads(make):
    with pytest.raises(ConversionFailed):
        make("grok", pattern="%{WORD:a}").write({"a": "x"})


@given(st.text(max_size=60))
def test_any_text_is_read(text):
    Grok(pattern="%{COMMONAPACHELOG}").build(None).unmarshal(Exchange(), text)


def test_no_line_makes_a_pattern_run_for_ever(make):
    began = time.process_time()
    make("grok", pattern=r"(%{WORD:a}\s*)+(\w+\s?)*$").read("a " * 20_000 + "!")
    assert time.process_time() - began < 5
