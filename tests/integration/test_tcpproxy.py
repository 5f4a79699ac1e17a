"""The fault proxy does what it says to real connections."""

import contextlib
import socket
import threading
import time

import pytest

from esb.testing.ports import free_port
from esb.testing.process import until
from esb.testing.tcpproxy import TcpProxy


class Echo:
    """A server that sends back what it gets, and keeps it."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.got = b""
        self.pieces = []
        self.ends = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer:
            try:
                while piece := peer.recv(65536):
                    self.got += piece
                    self.pieces.append(piece)
                    peer.sendall(piece)
                self.ends.append("closed")
            except ConnectionResetError:
                self.ends.append("reset")


@pytest.fixture
def echo():
    made = Echo()
    yield made
    made.server.close()


@pytest.fixture
def proxy(echo):
    with TcpProxy(echo.port) as made:
        yield made


@pytest.fixture
def connect(proxy):
    with contextlib.ExitStack() as stack:

        def connect():
            peer = stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=60))
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return peer

        yield connect


def exchange(peer, octets):
    peer.sendall(octets)
    received = b""
    while len(received) < len(octets):
        piece = peer.recv(65536)
        if not piece:
            break
        received += piece
    return received


def silent(peer, seconds=0.3):
    peer.settimeout(seconds)
    try:
        peer.recv(1)
    except TimeoutError:
        return True
    finally:
        peer.settimeout(60)
    return False


def test_in_good_weather_every_byte_passes_both_ways(connect):
    octets = bytes(range(256)) * 4000
    assert exchange(connect(), octets) == octets


def test_the_end_of_one_side_reaches_the_other(connect, echo):
    peer = connect()
    exchange(peer, b"x")
    peer.close()
    until(lambda: echo.ends == ["closed"], "the server sees the end")


def test_only_loopback_is_served():
    with pytest.raises(ValueError, match="loopback only"):
        TcpProxy(80, "192.0.2.1")


def test_latency_delays_and_keeps_the_order(connect, proxy):
    proxy.latency(0.15, 0.1)
    peer = connect()
    begun = time.monotonic()
    assert exchange(peer, b"0123456789") == b"0123456789"
    assert time.monotonic() - begun >= 0.3


def test_a_throttled_line_is_slow(connect, proxy):
    proxy.throttle(10_000)
    begun = time.monotonic()
    peer = connect()
    assert len(exchange(peer, b"x" * 3000)) == 3000
    assert time.monotonic() - begun >= 0.3


def test_slices_are_small_and_nothing_is_missing(connect, proxy, echo):
    proxy.slice(1)
    assert exchange(connect(), b"0123456789") == b"0123456789"
    assert echo.got == b"0123456789"


def test_a_frozen_network_goes_on_where_it_stopped(connect, proxy):
    peer = connect()
    exchange(peer, b"x")
    proxy.freeze()
    peer.sendall(b"later")
    assert silent(peer)
    proxy.heal()
    assert peer.recv(5) == b"later"


def test_a_black_hole_answers_nobody_and_leaves_no_connection_that_has_a_hole(connect, proxy, echo):
    peer = connect()
    exchange(peer, b"x")
    proxy.black_hole()
    peer.sendall(b"gone")
    late = connect()
    late.sendall(b"waits")
    assert silent(peer)
    assert silent(late)
    assert echo.got == b"x"
    proxy.heal()
    with pytest.raises(ConnectionResetError):
        peer.recv(1)
    assert late.recv(5) == b"waits"


def test_a_reset_is_one_at_both_ends(connect, proxy, echo):
    peer = connect()
    exchange(peer, b"x")
    assert proxy.reset() == 1
    with pytest.raises(ConnectionResetError):
        peer.recv(1)
    until(lambda: echo.ends == ["reset"], "the server sees the reset")
    assert exchange(connect(), b"again") == b"again"


def test_a_half_open_connection_takes_bytes_that_nobody_gets(connect, proxy, echo):
    peer = connect()
    exchange(peer, b"x")
    assert proxy.forget() == 1
    until(lambda: echo.ends == ["reset"], "the server has forgotten it")
    peer.sendall(b"y" * 100)
    assert silent(peer)
    assert echo.got == b"x"


def test_a_cut_comes_after_that_many_bytes(connect, proxy, echo):
    proxy.cut_after(7)
    peer = connect()
    with contextlib.suppress(OSError):
        exchange(peer, b"0123456789")
    until(lambda: echo.ends, "the server sees the cut")
    assert echo.got == b"0123456"
    assert exchange(connect(), b"whole") == b"whole"


def test_one_bit_is_turned(connect, proxy):
    proxy.corrupt_after(3)
    assert exchange(connect(), b"00000") == b"00010"


def test_refused_connections_are_reset_and_open_ones_go_on(connect, proxy):
    peer = connect()
    exchange(peer, b"x")
    proxy.refuse()
    with pytest.raises(ConnectionResetError):  # it may come while connecting
        connect().recv(1)
    assert exchange(peer, b"y") == b"y"


def test_a_server_that_is_away_is_a_reset():
    with (
        TcpProxy(free_port()) as proxy,
        pytest.raises(ConnectionResetError),  # it may come while connecting
        socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as peer,
    ):
        peer.recv(1)
