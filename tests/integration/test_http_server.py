"""``platform-http:`` and rest behind the web server of a worker: what only a real connection shows."""

import contextlib
import http.client
import socket
import textwrap
import threading

import pytest
import uvicorn

from esb.context import RouteContext
from esb.runtime.paths import Paths
from esb.runtime.web import WebServer
from esb.testing.process import until

ROUTES = """
- rest:
    path: /shop
    get: [{path: "/item/{id}", to: direct:get}]
    post: [{path: /item, consumes: application/json, to: direct:post}]
- from: {uri: direct:get, steps: [{setBody: {simple: "item ${header.id} of ${header.q}"}}]}
- from: {uri: direct:post, steps: [{setHeader: {name: CamelHttpResponseCode, constant: 201}}, {setBody: {simple: "got ${body}"}}]}
- from: {uri: "platform-http:/small?maxBody=1000", steps: [{setBody: {simple: "${body}"}}]}
- from: {uri: "platform-http:/form", steps: [{setBody: {simple: "form of ${header.q}"}}]}
- from: {uri: "platform-http:/split", steps: [{setHeader: {name: X-A, simple: "${header.a}"}}, {setBody: {constant: x}}]}
- from:
    uri: platform-http:/bus
    steps: [{to: "bus:orders"}, {setBody: {simple: "${null}"}}, {setHeader: {name: CamelHttpResponseCode, constant: 202}}]
- from: {uri: "platform-http:/tail?exchangePattern=InOnly", steps: [{to: "bus:orders"}]}
- from: {uri: "platform-http:/slow", steps: [{process: {ref: gate}}]}
"""


class Gate:
    """A step that waits until it may go on."""

    def __init__(self):
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)

    def process(self, exchange):
        self.entered.release()
        self.open.wait(20)
        exchange.body = "through"


class Bus:
    def __init__(self, broker):
        self.gate = Gate()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        paths = Paths(f"http://127.0.0.1:{self.port}")
        self.web = WebServer(paths, threads=2, name="test-web")
        config = uvicorn.Config(
            self.web, http="esb.runtime.protocol:Protocol", lifespan="off", log_config=None, server_header=False
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.listener],), daemon=True)
        self.context = RouteContext("test", services={"http": lambda _: paths, "broker": lambda _: broker})
        self.context.bind("bean", "gate", self.gate)
        self.context.load(textwrap.dedent(ROUTES), file="test.yaml")
        self.context.start()
        self.thread.start()

    def __call__(self, method, path, body=None, **headers):
        """Status, headers by their names, and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()

    def raw(self, data):
        """What the server answers to bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            told = b""
            with contextlib.suppress(ConnectionResetError):
                while chunk := connection.recv(65536):
                    told += chunk
            return told

    def end(self):
        """Ask the server to end while it has a connection; returns when it takes no others."""
        until(lambda: self.server.server_state.connections, "somebody has connected")
        self.server.should_exit = True
        until(lambda: self.listener.fileno() == -1, "the server takes no others")

    def close(self):
        self.gate.open.set()
        self.server.should_exit = True
        self.thread.join(10)
        self.context.stop(5.0)
        self.web.close()
        self.listener.close()


@pytest.fixture
def bus(memory_broker):
    made = Bus(memory_broker)
    yield made
    made.close()


def test_a_request_goes_to_the_route_of_its_path_and_method(bus):
    status, headers, body = bus("GET", "/shop/item/5?q=a%20b")
    assert (status, body) == (200, "item 5 of a b")
    assert headers["q"] == "a b"
    assert bus("POST", "/shop/item", "{}", content_type="application/json")[::2] == (201, "got {}")


def test_every_answer_tells_browsers_not_to_guess_or_keep(bus):
    for path in ("/shop/item/5", "/nowhere"):
        _, headers, _ = bus("GET", path)
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
        assert "server" not in headers


def test_pages_of_refusals_are_those_of_camel(bus):
    status, headers, body = bus("GET", "/nowhere")
    assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert body == "<html><body><h1>Resource not found</h1></body></html>"
    status, headers, body = bus("DELETE", "/shop/item/5")
    assert (status, headers["allow"], body) == (405, "", "")
    status, headers, body = bus("POST", "/shop/item", "x", content_type="text/plain")
    assert (status, body, "content-type" in headers) == (415, "", False)


def test_head_is_get_without_a_body(bus):
    status, headers, body = bus("HEAD", "/shop/item/5?q=x")
    assert (status, body, headers["content-length"]) == (200, "", str(len("item 5 of x")))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused(bus, chunked):
    body = (b"x" * 100 for _ in range(11)) if chunked else b"x" * 1100
    assert bus("POST", "/small", body)[0] == 413
    assert bus("POST", "/small", b"x" * 1000)[::2] == (200, "x" * 1000)


@pytest.mark.parametrize("name", ["Upgrade", "upgrade", "UPGRADE"])
def test_an_offer_to_speak_http_2_costs_a_request_nothing(bus, name):
    offer = {name: "h2c", "Connection": "Upgrade, HTTP2-Settings", "HTTP2-Settings": "AAEAAEAAAAIAAAAB"}
    connection = http.client.HTTPConnection("127.0.0.1", bus.port, timeout=30)
    with contextlib.closing(connection):
        for body in (b"hello", b"again"):
            connection.request("POST", "/small", body, offer)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, body)


def test_a_packed_body_is_refused_so_that_a_small_bomb_stays_small(bus):
    assert bus("POST", "/small", b"x", content_encoding="gzip")[0] == 415


@pytest.mark.parametrize("value", ["1%0d%0aX-Evil:%202", "1%0aX-Evil:%202", "%00", "%7F"])
def test_a_value_that_would_split_the_answer_does_not(bus, value):
    status, headers, _ = bus("GET", f"/split?a={value}")
    assert status == 200
    assert "x-evil" not in headers


@pytest.mark.parametrize(
    "name", ["first+name", "order[id]", "items[]", "a:b", "%C3%BC", "%E2%82%AC", "%7F", "", "a%0Db"]
)
@pytest.mark.parametrize("form", [False, True])
def test_a_field_whose_name_can_be_no_headers_is_left_out_of_the_answer(bus, name, form):
    field, kind = f"{name}=1&q=x", {"content_type": "application/x-www-form-urlencoded"}
    status, headers, body = bus("POST", "/form", field, **kind) if form else bus("GET", f"/shop/item/5?{field}")
    assert (status, body) == (200, "form of x" if form else "item 5 of x")
    assert set(headers) - {"content-type"} == {"q", "content-length", "date", "x-content-type-options", "cache-control"}


@pytest.mark.parametrize("field", ["comment=" + "x" * 70_000, "&".join(f"field{n}=1" for n in range(120))])
def test_a_form_that_no_answers_headers_could_hold_is_answered_so_that_clients_can_read_it(bus, field):
    status, headers, body = bus("POST", "/form", f"q=x&{field}", content_type="application/x-www-form-urlencoded")
    assert (status, headers["q"], body) == (200, "x", "form of x")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_no_sound_request_is_refused_and_the_server_goes_on(bus, data):
    told = bus.raw(data)
    assert told == b"" or told.startswith(b"HTTP/1.1 4")
    assert bus("GET", "/shop/item/1?q=x")[0] == 200


def test_control_headers_from_outside_steer_nothing(bus):
    assert bus("GET", "/shop/item/5?q=x", CamelHttpResponseCode="500")[0] == 200
    assert bus("GET", "/shop/item/5?q=x&CamelHttpResponseCode=500")[0] == 200


def test_accepted_is_said_after_the_message_is_durable(bus, memory_broker):
    status, _, _ = bus("POST", "/bus", "order 1")
    assert (status, memory_broker.depth("orders")) == (202, 1)


def test_a_final_send_is_confirmed_before_the_answer(bus, memory_broker):
    status, _, _ = bus("POST", "/tail", "order 2")
    assert (status, memory_broker.depth("orders")) == (202, 1)


def test_when_all_places_are_taken_the_next_is_told_to_come_again(bus):
    threads = [threading.Thread(target=bus, args=("GET", "/slow"), daemon=True) for _ in range(10)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        assert bus.gate.entered.acquire(timeout=10)
    deadline = threading.Event()
    while bus.web.inflight < 10:
        assert not deadline.wait(0.005)
    status, headers, _ = bus("GET", "/slow")
    assert (status, headers["retry-after"]) == (503, "2")
    bus.gate.open.set()
    for thread in threads:
        thread.join(10)
    assert bus("GET", "/slow")[2] == "through"


@pytest.mark.parametrize("begun", [b"", b"GET /shop/item/7?q=1 HTTP/1.1\r\nHo"])
def test_who_has_connected_when_the_server_ends_still_gets_his_answer(bus, begun):
    with socket.create_connection(("127.0.0.1", bus.port), timeout=30) as connection:
        connection.sendall(begun)
        bus.end()
        connection.sendall(b"GET /shop/item/7?q=1 HTTP/1.1\r\nHost: x\r\n\r\n"[len(begun) :])
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.getheader("connection"), answer.read()) == (200, "close", b"item 7 of 1")
        assert connection.recv(1) == b""


@pytest.mark.parametrize("asked", [False, True])
def test_a_connection_without_a_request_does_not_keep_the_server(bus, asked):
    with socket.create_connection(("127.0.0.1", bus.port), timeout=30) as connection:
        if asked:
            connection.sendall(b"GET /shop/item/7?q=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            answer.read()
        bus.end()
        assert connection.recv(1) == b""
