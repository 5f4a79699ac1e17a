"""``platform-http:``: which headers of the message and of the request go back with the answer."""

import pytest

from adapters.rest import server

FORM = "application/x-www-form-urlencoded"
ROUTE = """
  - from:
      uri: platform-http:/x
      steps:
        - setBody: {constant: hello}
"""
ASKED = {
    "accept": "text/html",
    "user_agent": "me",
    "prefer": "x",
    "if_match": "*",
    "origin": "http://h",
    "a_im": "feed",
}
SECRET = {"authorization": "s", "proxy_authorization": "s", "cookie": "s"}
OF_THE_CONNECTION = {"host": "h", "te": "t", "via": "v", "http2_settings": "AA", "upgrade": "h2c"}


@pytest.mark.parametrize("option", ["", "?returnHttpRequestHeaders=false"])
def test_what_only_a_request_says_does_not_go_back_and_its_other_headers_do(load, option):
    serve = load(ROUTE.replace("/x", f"/x{option}"))
    answer = serve("GET", "/x", x_own="1", **ASKED, **SECRET, **OF_THE_CONNECTION)
    assert answer.pairs == [("X-Own", "1")]


def test_what_only_a_request_says_goes_back_on_demand_but_no_secret(load):
    serve = load(ROUTE.replace("/x", "/x?returnHttpRequestHeaders=true"))
    answer = serve("GET", "/x", x_own="1", **ASKED, **SECRET, **OF_THE_CONNECTION)
    assert answer.headers == {"x-own": "1"} | {name.replace("_", "-"): value for name, value in ASKED.items()}


def test_what_makes_browsers_act_is_looked_for_once_however_often_the_request_brings_it(load, monkeypatch):
    serve = load(ROUTE)
    read, fields = [], server._fields
    monkeypatch.setattr(server, "_fields", lambda text: read.append(text) or fields(text))
    answer = serve("POST", "/x?Link=1", "&".join(["Location=/evil"] * 900), content_type=FORM)
    assert (answer.body, answer.pairs, len(read)) == ("hello", [("Content-Type", FORM)], 4)


@pytest.mark.parametrize("value", ["https://evil/", "https://evil/\u00c3\u00a4"])
def test_what_makes_browsers_act_does_not_go_back_in_whatever_letters_it_came(load, value):
    assert load(ROUTE)("GET", "/x", location=value).pairs == []


def test_of_many_fields_only_as_many_go_back_as_every_client_takes(load):
    answer = load(ROUTE)("POST", "/x?q=1&q=2", "&".join(f"f{n}=1" for n in range(120)), content_type=FORM, x_own="1")
    assert [pair for pair in answer.pairs if pair != ("Content-Type", FORM)] == [
        ("X-Own", "1"), ("q", "1"), ("q", "2"), *((f"f{n}", "1") for n in range(61))
    ]  # fmt: skip


@pytest.mark.parametrize("way", ["form", "query", "header"])
def test_a_long_field_or_header_does_not_go_back_and_the_short_ones_behind_it_do(load, way):
    long = "ü" * 3072
    field = f"a={'%C3%BC' * 3072}&b=1"
    serve = load(ROUTE.replace("- setBody", "- to: mock:got\n        - setBody"))
    if way == "form":
        answer = serve("POST", "/x", field, content_type=FORM)
    elif way == "query":
        answer = serve("GET", f"/x?{field}")
    else:
        answer = serve("GET", "/x", A=long.encode().decode("latin-1"), B="1")
    assert [(name.lower(), value) for name, value in answer.pairs if value != FORM] == [("b", "1")]
    assert dict(serve.got("got")[0].headers)["A" if way == "header" else "a"] == long


def test_a_long_header_that_the_route_set_goes_back(load):
    serve = load(ROUTE.replace("- setBody", '- setHeader: {name: X-Made, simple: "of ${header.a}"}\n        - setBody'))
    assert serve("GET", f"/x?a={'x' * 4000}").pairs == [("X-Made", "of " + "x" * 4000)]


def test_what_the_route_puts_in_the_place_of_a_long_field_goes_back(load):
    serve = load(ROUTE.replace("- setBody", "- setHeader: {name: a, constant: 1}\n        - setBody"))
    assert serve("GET", f"/x?a={'x' * 4000}").pairs == [("a", "1")]
