"""``http:`` against a peer that says what it likes, byte by byte."""

import contextlib
import gzip
import socket
import threading
import time

import pytest

from adapters.rest.result import HttpOperationFailedException
from esb.context import RouteContext
from esb.errors import (
    ConnectionLost,
    DeadlineExceeded,
    NotConnected,
    OptionError,
    Rejected,
    TransportError,
    ValidationFailed,
)
from esb.exchange import Exchange

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Peer:
    """A server for one test: ``say`` gets a connection's stream for each request and writes what it likes."""

    def __init__(self, say):
        self._say = say
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.requests = []
        self.lines = []  # of the headers, the repeated ones too
        self.connections = 0
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rwb") as stream:
            while line := stream.readline():
                method, target, _ = line.decode().split(" ", 2)
                headers = {}
                while (header := stream.readline().decode().rstrip("\r\n")) != "":
                    name, _, value = header.partition(": ")
                    headers[name.lower()] = value
                    self.lines.append((name.lower(), value))
                body = stream.read(int(headers.get("content-length", 0)))
                self.requests.append((method, target, headers, body))
                if self._say(stream) is False:
                    return
                stream.flush()

    def close(self):
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@pytest.fixture
def peer():
    peers = []

    def make(say=OK):
        peers.append(Peer(say if callable(say) else lambda stream: stream.write(say) and None))
        return peers[-1]

    yield make
    for one in peers:
        one.close()


@pytest.fixture
def call():
    """``call(peer, "/path?option=x", body, header=...)``: the exchange after the call."""
    context = RouteContext("test")
    producers = {}

    def make(peer, target="/", body=None, /, **headers):
        uri = f"http://127.0.0.1:{peer.port}{target}"
        if uri not in producers:
            producers[uri] = context.endpoint(uri).producer()
        exchange = Exchange(body, {name.replace("_", "-"): value for name, value in headers.items()})
        make.last = exchange
        producers[uri].send(exchange)
        return exchange

    yield make
    for producer in producers.values():
        producer.stop()
    context.stop(1.0)


@pytest.mark.parametrize(
    ("sent", "request_line"),
    [
        (("/a", None, {}), "GET /a"),
        (("/a", "x", {}), "POST /a"),
        (("/a?q=1", "x", {}), "GET /a?q=1"),
        (("/a", "x", {"CamelHttpQuery": "q=2"}), "GET /a?q=2"),
        (("/a?q=1", None, {"CamelHttpQuery": "q=2"}), "GET /a?q=2"),
        (("/a", "x", {"CamelHttpMethod": "put"}), "PUT /a"),
        (("/a?httpMethod=DELETE", "x", {"CamelHttpMethod": "PUT"}), "DELETE /a"),
        (("/a", None, {"CamelHttpPath": "/b c/ä"}), "GET /a/b%20c/%C3%A4"),
        (("/a?bridgeEndpoint=true", None, {"CamelHttpPath": "/b"}), "GET /a"),
        (("/a", None, {"CamelHttpUri": "/of/a/request/that/came/in?x=1"}), "GET /a"),
        (("/a?q=a%20b", None, {}), "GET /a?q=a%20b"),
    ],
)
def test_method_and_address_are_chosen_as_in_camel(peer, call, sent, request_line):
    server, (target, body, headers) = peer(), sent
    call(server, target, body, **headers)
    assert " ".join(server.requests[0][:2]) == request_line


def test_an_address_may_come_from_a_header_that_only_routes_set(peer, call):
    server, other = peer(), peer()
    call(server, "/a", CamelHttpUri=f"http://127.0.0.1:{other.port}/b")
    assert (server.requests, other.requests[0][1]) == ([], "/b")


def test_the_messages_headers_go_with_it_but_not_the_buss_own_nor_the_connections(peer, call):
    server = peer()
    call(
        server,
        "/",
        "x",
        X_Own="1",
        Content_Type="text/plain",
        CamelFileName="c",
        Host="evil",
        Connection="close",
        Number=5,
        Nothing=None,
    )
    sent = server.requests[0][2]
    assert sent == {
        "host": f"127.0.0.1:{server.port}", "accept-encoding": "identity", "user-agent": "esb", "content-length": "1",
        "x-own": "1", "content-type": "text/plain", "number": "5",
    }  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [
        {"X_A": "1\r\nX-Evil: 2"},
        {"X_A": "1\nx"},
        {"X_A": "\x00"},
        {"A\r\nX": "1"},
        {"CamelHttpMethod": "GET / HTTP/1.1\r\n\r\n"},
    ],
)
def test_what_would_split_the_request_is_refused(peer, call, headers):
    server = peer()
    with pytest.raises((Rejected, ValidationFailed)):
        call(server, "/", None, **headers)
    assert server.requests == []


@pytest.mark.parametrize(
    "name", ["Transfer-Encoding ", "Content-Length\u00a0", "Host ", ":x", "", "a b", "ü", "€", "order[id]", "a:b"]
)
def test_a_name_that_can_be_no_headers_stays_here(peer, call, name):
    server = peer()
    exchange = call(server, "/", "hello", **{name: "1", "X-Own": "2"})
    _, _, headers, body = server.requests[0]
    assert (sorted(headers), body) == (["accept-encoding", "content-length", "host", "user-agent", "x-own"], b"hello")
    assert exchange.headers[name] == "1"


@pytest.mark.parametrize("name", ["authorization", "user-agent", "content-type", "CONTENT-TYPE"])
def test_no_message_puts_a_second_header_beside_the_buss_own(peer, call, name):
    server = peer()
    call(server, "/a?authMethod=Basic&authUsername=ann&authPassword=pw", "x", **{name: "text/mine"})
    told = {"authorization": "Basic YW5uOnB3", "user-agent": "esb"}.get(name, "text/mine")
    assert [value for key, value in server.lines if key == name.lower()] == [told]


@pytest.mark.parametrize("path", ["/../admin", "..", "/a/../../admin", "/a/..", "\\..\\admin", "/..;x=1/admin"])
def test_a_path_from_a_message_never_leads_out_of_the_endpoints(peer, call, path):
    server = peer()
    with pytest.raises(ValidationFailed, match="CamelHttpPath: it has a step upwards"):
        call(server, "/public/api", None, CamelHttpPath=path)
    assert server.requests == []


def test_dots_in_a_path_that_lead_nowhere_are_a_path(peer, call):
    server = peer()
    call(server, "/api", None, CamelHttpPath="/a..b/...;x/.c/%2e%2e/d")
    assert server.requests[0][1] == "/api/a..b/...;x/.c/%252e%252e/d"


def test_a_query_from_a_header_cannot_split_the_request(peer, call):
    server = peer()
    with contextlib.suppress(TransportError):
        call(server, "/", None, CamelHttpQuery="a=1 HTTP/1.1\r\nX-Evil: 2\r\n\r\n")
    assert not any("x-evil" in headers for _, _, headers, _ in server.requests)


@pytest.mark.parametrize(
    ("options", "authorization"),
    [
        ("?authMethod=Basic&authUsername=ann&authPassword=pw", "Basic YW5uOnB3"),
        ("?authMethod=Bearer&authBearerToken=t0k", "Bearer t0k"),
    ],
)
def test_the_bus_says_who_it_is(peer, call, options, authorization):
    server = peer()
    call(server, f"/a{options}")
    assert (server.requests[0][2]["authorization"], server.requests[0][1]) == (authorization, "/a")


def test_a_password_is_not_part_of_the_endpoints_name():
    context = RouteContext("test")
    uri = context.endpoint("http://h/a?authMethod=Basic&authUsername=ann&authPassword=geheim").uri
    assert "geheim" not in uri


def test_the_answer_becomes_the_message(peer, call):
    server = peer(
        b"HTTP/1.1 201 Made\r\nx-request-id: 7\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nX-Frame-Options: DENY\r\n"
        b"CamelFileName: evil\r\nContent-Length: 2\r\n\r\nok"
    )
    exchange = call(server, "/", None, kept="1")
    assert exchange.body == b"ok"
    assert exchange.headers == {
        "kept": "1", "X-Request-Id": "7", "Set-Cookie": ["a", "b"], "CamelHttpResponseCode": 201, "CamelHttpResponseText": "Made",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ("?copyHeaders=false", {"X-Answer": "1", "CamelHttpResponseCode": 200, "CamelHttpResponseText": "OK"}),
        ("?skipResponseHeaders=true", {"kept": "1", "CamelHttpResponseCode": 200, "CamelHttpResponseText": "OK"}),
    ],
)
def test_headers_are_kept_or_taken_as_the_route_says(peer, call, options, headers):
    server = peer(b"HTTP/1.1 200 OK\r\nX-Answer: 1\r\nContent-Length: 0\r\n\r\n")
    assert call(server, f"/{options}", None, kept="1").headers == headers


def test_what_is_packed_is_not_unpacked(peer, call):
    packed = gzip.compress(b"x" * 1000)
    server = peer(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(packed), packed))
    assert call(server).body == packed


@pytest.mark.parametrize(
    ("status", "retriable"),
    [(400, False), (404, False), (408, True), (429, True), (500, True), (503, True), (302, False)],
)
def test_a_status_that_means_failure_is_one_and_says_whether_to_try_again(peer, call, status, retriable):
    server = peer(
        b"HTTP/1.1 %d Told\r\nRetry-After: 7\r\nLocation: http://127.0.0.1:1/evil\r\nContent-Length: 3\r\n\r\nwhy"
        % status
    )
    with pytest.raises(HttpOperationFailedException) as caught:
        call(server)
    error = caught.value
    assert (error.status_code, error.status_text, error.response_body, error.retriable, error.retry_after) == (
        status,
        "Told",
        "why",
        retriable,
        7.0,
    )
    assert (call.last.headers["CamelHttpResponseCode"], len(server.requests)) == (status, 1)


@pytest.mark.parametrize(
    ("options", "status"), [("?throwExceptionOnFailure=false", 404), ("?okStatusCodeRange=200-204,404", 404)]
)
def test_a_route_may_take_any_status(peer, call, options, status):
    server = peer(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
    assert call(server, f"/{options}").headers["CamelHttpResponseCode"] == status


def test_a_redirect_is_not_followed(peer, call):
    other = peer()
    server = peer(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % other.port)
    assert call(server, "/?throwExceptionOnFailure=false").headers["CamelHttpResponseCode"] == 302
    assert other.requests == []


# -- peers that do not do what they should ---------------------------------------------------------------------------------------


def dripping(head, drop):
    def say(stream):
        stream.write(head)
        while True:
            stream.write(drop)
            stream.flush()
            time.sleep(0.02)

    return say


@pytest.mark.parametrize(
    "say",
    [
        lambda stream: threading.Event().wait(5),
        dripping(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: a\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"a"),
        dripping(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n", b"a"),
        dripping(b"HTTP/1.0 200 OK\r\n\r\n", b"a"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    ],
    ids=[
        "silent",
        "a header by letters",
        "headers for ever",
        "a body by letters",
        "the last one by letters",
        "an old one",
        "chunks for ever",
    ],
)
def test_a_call_ends_at_its_deadline_whatever_the_peer_does(peer, call, say):
    began = time.monotonic()
    with pytest.raises((DeadlineExceeded, ConnectionLost)):
        call(peer(say), "/?deadline=300")
    assert 0.25 < time.monotonic() - began < 3


@pytest.mark.parametrize(
    "told",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK",
        b"",
        b"SSH-2.0-OpenSSH\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(peer, call, told):
    def say(stream):
        stream.write(told)
        stream.flush()
        return False

    with pytest.raises(TransportError):
        call(peer(say), "/")


def test_an_answer_beyond_the_limit_is_refused(peer, call):
    server = peer(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000)
    with pytest.raises(TransportError, match="more than 1000 bytes"):
        call(server, "/?maxResponseSize=1000")
    assert len(call(server, "/?maxResponseSize=2000").body) == 2000


def test_what_is_left_of_a_broken_call_is_not_the_next_ones_answer(peer, call):
    answers = iter([b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000, OK, OK])
    server = peer(lambda stream: stream.write(next(answers)) and None)
    with pytest.raises(TransportError):
        call(server, "/?maxResponseSize=1000")
    assert call(server, "/?maxResponseSize=1000").body == b"ok"
    assert call(server, "/?maxResponseSize=1000").body == b"ok"
    assert server.connections == 2  # the second one serves both


def test_a_connection_is_used_again(peer, call):
    server = peer()
    for _ in range(5):
        call(server)
    assert (len(server.requests), server.connections) == (5, 1)


def test_nobody_there_is_told_apart_from_a_broken_call(call):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    class Gone:
        pass

    gone = Gone()
    gone.port = port
    with pytest.raises(NotConnected, match="cannot connect"):
        call(gone, "/")


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("http://", "needs a host"),
        ("http://h?authMethod=Basic", "needs 'authUsername' and 'authPassword'"),
        ("http://h?okStatusCodeRange=two", "not of the form 200-299"),
        ("http://h?httpMethod=FETCH", "not one of GET"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(uri, told):
    with pytest.raises(OptionError, match=told):
        RouteContext("test").endpoint(uri)


def test_http_only_sends():
    with pytest.raises(OptionError, match="to receive requests use platform-http"):
        RouteContext("test").endpoint("http://h").consumer(lambda _: None)
