"""Who may use the management port: programs and people, no pages."""

import asyncio
import json

import pytest

from esb.runtime.browsers import keep_pages_out


def ask(headers, bind="127.0.0.1:9090", method="POST"):
    """Status and JSON for a request with these headers; what lies behind the guard answers 200 and null."""
    sent = []

    async def serve(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"null"})

    async def send(message):
        sent.append(message)

    async def receive():
        raise AssertionError("the body is not read")

    scope = {"method": method, "headers": [(name.encode(), value.encode()) for name, value in headers]}
    asyncio.run(keep_pages_out(serve, bind)(scope, receive, send))
    start, body = sent
    return start["status"], json.loads(body["body"] or b"null")


@pytest.mark.parametrize(
    "header",
    [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ],
)
@pytest.mark.parametrize("bind", ["127.0.0.1:9090", "0.0.0.0:9090", "unix:/run/esb/management.sock"])
def test_what_a_page_of_another_site_sends_is_refused_with_cause_and_fix(header, bind):
    status, told = ask([("host", "127.0.0.1:9090"), header], bind)
    assert status == 403
    assert told["error"].startswith(f"{header[0].title()} says that a page in a browser sent this")
    assert "curl" in told["hint"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9090", "localhost.evil.example", "192.0.2.1", "[2001:db8::1]:9090", "a@b:c"]
)
@pytest.mark.parametrize("bind", ["127.0.0.1:9090", "localhost:9090", "[::1]:9090", "127.0.0.9:9090"])
def test_a_name_that_only_leads_to_loopback_is_refused_with_cause_and_fix(host, bind):
    status, told = ask([("host", host)], bind)
    assert status == 403
    assert told["error"].startswith("Host names another host")
    assert bind in told["hint"]


def test_one_strange_host_among_several_is_refused():
    assert ask([("host", "localhost"), ("host", "evil.example")])[0] == 403


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:9090", "127.0.0.1", "localhost:9090", "LOCALHOST", "localhost.:1", "[::1]:9090", "127.1.2.3", ""],
)
def test_every_name_of_loopback_is_answered(host):
    assert ask([("host", host)]) == (200, None)


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_an_address_that_is_typed_into_a_browser_is_answered(site):
    assert ask([("host", "localhost:9090"), ("sec-fetch-site", site)])[0] == 200


def test_a_request_without_host_is_answered():
    assert ask([])[0] == 200


@pytest.mark.parametrize("bind", ["0.0.0.0:9090", "[::]:9090", "10.0.0.5:9090", "unix:/run/esb/127.0.0.1:9090"])
def test_elsewhere_than_on_loopback_every_host_is_answered(bind):
    assert ask([("host", "bus.example:9090")], bind)[0] == 200


def test_head_is_refused_without_a_body():
    assert ask([("origin", "null")], method="HEAD") == (403, None)
