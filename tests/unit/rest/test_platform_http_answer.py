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
