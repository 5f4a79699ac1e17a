"""Bad HTTP by raw sockets: what two servers could read differently is refused, and slow clients keep nobody waiting."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from routes.demo.deployment import Deployment
from tests.system.faults import eventually
from tests.system.talk import JSON, raw, send
from tests.system.witness import good_order, pass_a_good_order

HEAD = "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
EVIL = json.dumps(good_order() | {"orderId": "SMUGGLED"})
HIDDEN = f"{HEAD}Content-Length: {len(EVIL)}\r\n\r\n{EVIL}"
GET = "GET /customers/nobody HTTP/1.1\r\n"

AMBIGUOUS = {
    "length and chunks": f"{HEAD}Content-Length: {5 + len(HIDDEN)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}",
    "chunks and length": f"{HEAD}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{len(HIDDEN):x}\r\n{HIDDEN}\r\n0\r\n\r\n",
    "two lengths": f"{HEAD}Content-Length: 2\r\nContent-Length: {len(EVIL)}\r\n\r\n{EVIL}",
    "a length twice": f"{HEAD}Content-Length: {len(EVIL)}\r\nContent-Length: {len(EVIL)}\r\n\r\n{EVIL}",
    "a list of lengths": f"{HEAD}Content-Length: 2, {len(EVIL)}\r\n\r\n{EVIL}",
    "a length with a sign": f"{HEAD}Content-Length: +{len(EVIL)}\r\n\r\n{EVIL}",
    "a negative length": f"{HEAD}Content-Length: -1\r\n\r\n{EVIL}",
    "a length in hexadecimal": f"{HEAD}Content-Length: 0x10\r\n\r\n{EVIL}",
    "a length beyond 64 bits": f"{HEAD}Content-Length: 99999999999999999999999\r\n\r\n{EVIL}",
    "an unknown coding": f"{HEAD}Transfer-Encoding: xchunked\r\n\r\n{EVIL}",
    "a coding behind chunked": f"{HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "two codings": f"{HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a blank before the colon": f"{HEAD}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a chunk's size that is none": f"{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{EVIL}\r\n0\r\n\r\n",
    "a negative chunk": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n-1\r\n{EVIL}\r\n0\r\n\r\n",
    "a chunk longer than it says": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{EVIL}\r\n0\r\n\r\n",
    "chunks with bare line feeds": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n2\n{{}}\n0\n\n",
    "a length in a trailer": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\nContent-Length: 9\r\n\r\n",
    "a folded header": f"{HEAD}X-A: a\r\n b\r\nContent-Length: {len(EVIL)}\r\n\r\n{EVIL}",
    "bare line feeds": HIDDEN.replace("\r\n", "\n"),
    "a bare carriage return": HIDDEN.replace("Host: x", "Host: x\rX-A: b"),
    "a NUL in a header": f"{HEAD}X-A: a\0b\r\nContent-Length: {len(EVIL)}\r\n\r\n{EVIL}",
    "a blank in a header's name": f"{HEAD}X A: b\r\nContent-Length: {len(EVIL)}\r\n\r\n{EVIL}",
    "no host": HIDDEN.replace("Host: x\r\n", ""),
    "two hosts": HIDDEN.replace("Host: x", "Host: x\r\nHost: y"),
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3": HIDDEN.replace("HTTP/1.1", "HTTP/3.0"),
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 512,
    "a method that connects": "CONNECT evil:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path that is no text": "GET /customers/\xfc\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "a very long path": f"GET /customers/{'a' * 70_000} HTTP/1.1\r\nHost: x\r\n\r\n",
    "too many query fields": f"GET /customers/nobody?{'&'.join(f'k{n}=v' for n in range(2000))} HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("octets", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_is_no_clear_request_is_refused_once(bus: Deployment, refused: None, octets: str) -> None:
    answer = raw(bus, octets.encode("latin-1"), timeout=2)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert answer.count(b"HTTP/1.1 ") == 1  # what is hidden behind it is no request of its own


@pytest.mark.parametrize("name", ["crm", "erp"])
def test_partners_refuse_it_too(bus: Deployment, refused: None, name: str) -> None:
    answer = raw(bus, AMBIGUOUS["length and chunks"].encode(), name)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_endless_headers_are_refused(bus: Deployment, refused: None) -> None:
    many = "".join(f"X-{n}: {'a' * 1000}\r\n" for n in range(5000))
    assert raw(bus, f"{HEAD}{many}Content-Length: 2\r\n\r\n{{}}".encode())[:12] in {b"HTTP/1.1 431", b""}
    assert raw(bus, f"{HEAD}X-A: {'a' * 5_000_000}\r\n".encode())[:12] in {b"HTTP/1.1 431", b""}


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "DELETE", "PATCH", "HEAD", "BREW"])
def test_a_method_that_a_path_does_not_take_is_refused(bus: Deployment, refused: None, method: str) -> None:
    answer = raw(bus, f"{method} /orders HTTP/1.1\r\nHost: x\r\nCookie: secret=1\r\nConnection: close\r\n\r\n".encode())
    assert answer[:12] in {b"HTTP/1.1 405", b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 200", b"HTTP/1.1 204"}
    assert b"secret=1" not in answer


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_a_header_does_not_change_the_method(bus: Deployment, refused: None, header: str) -> None:
    assert send(bus, "bus", "/customers/nobody", method="GET", headers={header: "DELETE"})[0] == 404
    assert send(bus, "bus", "/orders", EVIL, method="PUT", headers=JSON | {header: "POST"})[0] == 405


def test_an_upgrade_is_not_taken(bus: Deployment, refused: None) -> None:
    for wanted in ("websocket", "h2c"):
        head = f"Host: x\r\nConnection: Upgrade\r\nUpgrade: {wanted}\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        answer = raw(bus, f"{GET}{head}".encode(), timeout=1)
        assert answer.startswith(b"HTTP/1.1 404 ")


def test_management_is_not_reachable_from_outside(bus: Deployment, refused: None) -> None:
    for path in ("/status", "/metrics", "/health", "/ready"):
        for host in ("x", f"127.0.0.1:{bus.ports['bus'][1]}"):
            answer = raw(bus, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 404 ")
    answer = raw(
        bus, b"POST /routes/orders-route/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_requests_one_behind_the_other_are_answered_in_order(bus: Deployment, unharmed: None) -> None:
    asked = [f"GET /customers/nobody-{n} HTTP/1.1\r\nHost: x\r\n" for n in range(20)]
    octets = "\r\n".join(asked) + "\r\nConnection: close\r\n\r\n"
    octets = octets.replace("\r\n\r\nConnection", "\r\nConnection")
    answer = raw(bus, octets.encode()).decode()
    places = [answer.find(f'"nobody-{n}"') for n in range(20)]
    assert places == sorted(places)
    assert places[0] > 0


# -- slow clients ----------------------------------------------------------------------------------------------------------------


@contextmanager
def crowd(bus: Deployment, size: int, octets: bytes) -> Iterator[list[socket.socket]]:
    """Many connections that each have sent something and now wait."""
    peers = []
    try:
        for _ in range(size):
            peer = socket.create_connection(("127.0.0.1", bus.ports["bus"][0]), timeout=40)
            peers.append(peer)
            peer.sendall(octets)
        yield peers
    finally:
        for peer in peers:
            peer.close()


def drip(peers: list[socket.socket], over: threading.Event) -> None:
    """One more byte each, now and then."""
    while not over.wait(0.2):
        for peer in peers:
            try:
                peer.sendall(b"x")
            except OSError:
                return


@pytest.mark.parametrize(
    "begun",
    [b"", b"POST /orders HTTP/1.1\r\nX-A: ", f"{HEAD}Content-Length: 5000\r\n\r\n".encode()],
    ids=["nothing", "half a head", "half a body"],
)
def test_slow_clients_keep_nobody_waiting(bus: Deployment, unharmed: None, begun: bytes) -> None:
    over = threading.Event()
    with crowd(bus, 400, begun) as peers:
        dripping = threading.Thread(target=drip, args=(peers if begun else [], over), daemon=True)
        dripping.start()
        began = time.monotonic()
        for _ in range(5):
            pass_a_good_order(bus)
        assert time.monotonic() - began < 10
        over.set()
        dripping.join()


@pytest.mark.slow
def test_a_head_that_does_not_end_is_given_up(bus: Deployment, unharmed: None) -> None:
    with crowd(bus, 1, b"POST /orders HTTP/1.1\r\nX-A: ") as [slow], crowd(bus, 1, b"") as [silent]:
        over = threading.Event()
        threading.Thread(target=drip, args=([slow], over), daemon=True).start()
        began = time.monotonic()
        for peer in (slow, silent):
            with suppress(ConnectionResetError):
                assert peer.recv(100) == b""
        over.set()
        assert 10 < time.monotonic() - began < 35


def test_clients_that_leave_in_the_middle_leave_nothing_behind(bus: Deployment, refused: None) -> None:
    for begun in (
        HIDDEN[:100],
        f"{HEAD}Content-Length: 5000\r\n\r\n{EVIL}",
        f"{HEAD}Transfer-Encoding: chunked\r\n\r\n",
    ):
        with crowd(bus, 50, begun.encode()):
            pass
    eventually(
        lambda: b'"http_inflight": 0' in bus.call("GET", bus.management("bus", "/status")), "no request is under way"
    )


def test_many_at_once_are_answered_or_told_to_come_back(bus: Deployment, unharmed: None) -> None:
    # More than threads and places of both workers: none may hang, and none may be lost when it was accepted.
    keys = [f"CROWD-{n}" for n in range(600)]
    statuses: dict[str, int] = {}

    def post(key: str) -> None:
        statuses[key] = send(bus, "bus", "/orders", json.dumps(good_order() | {"orderId": key}))[0]

    threads = [threading.Thread(target=post, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(statuses.values()) <= {202, 503}
    accepted = {key for key, status in statuses.items() if status == 202}
    assert accepted
    eventually(lambda: accepted <= set(bus.table("crm", "orders")), "all that were accepted have arrived", 60)
