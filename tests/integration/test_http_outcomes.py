"""What a call over HTTP that failed says of its effect: nothing was sent, or it may have been done (ADR 54)."""

import contextlib
import socket
import ssl
import threading

import pytest

from adapters.rest.result import HttpOperationFailedException
from esb.context import RouteContext
from esb.errors import AnswerTooLarge, ConnectionLost, DeadlineExceeded, NotConnected, TransportError
from esb.exchange import Exchange
from esb.httpcall import HttpCaller
from tests.integration.certificates import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def peer(authority):
    """``peer(behave, tls=True)``: a server for one call, and its port. ``behave`` gets a connection, after its handshake and its request."""
    opened = []

    def serve(listener, behave, context):
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            opened.append(connection)
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True)
                opened.append(connection)
            told = b""
            while not told.endswith(b"ORDER"):
                told += connection.recv(65536)
            behave(connection)

    def make(behave, *, tls=False):
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.issue("server"))
        threading.Thread(target=serve, args=(listener, behave, context), daemon=True).start()
        return listener.getsockname()[1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def failure(authority):
    """``failure(port, options)``: what a call that fails raises."""
    context = RouteContext("test")

    def call(port, options="", *, scheme="http"):
        tls = f"&caFile={authority.file}" if scheme == "https" else ""
        producer = context.endpoint(f"{scheme}://127.0.0.1:{port}/orders?{options}{tls}").producer()
        try:
            with pytest.raises(TransportError) as caught:
                producer.send(Exchange("ORDER"))
            return caught.value
        finally:
            producer.stop()

    yield call
    context.stop(1.0)


def said(status, length=0):
    """Answers like this."""
    return lambda connection: connection.sendall(
        b"HTTP/1.1 %d Told\r\nContent-Length: %d\r\n\r\n%b" % (status, length, b"x" * length)
    )


@pytest.mark.parametrize(
    ("options", "uncertain"),
    [("httpMethod=POST", True), ("httpMethod=PATCH", True), ("httpMethod=PUT", False), ("idempotent=true", False)],
)
def test_an_answer_that_is_too_large_is_not_asked_for_again_and_leaves_the_effect_open(
    peer, failure, options, uncertain
):
    error = failure(peer(said(200, 3000)), f"{options}&maxResponseSize=1000")
    assert (type(error), error.retriable, error.uncertain) == (AnswerTooLarge, False, uncertain)


@pytest.mark.parametrize("status", [502, 504])
@pytest.mark.parametrize(
    ("options", "uncertain"),
    [("httpMethod=POST", True), ("httpMethod=PUT", False), ("idempotent=true", False)],
)
def test_a_gateway_that_heard_nothing_leaves_the_effect_open(peer, failure, options, uncertain, status):
    error = failure(peer(said(status)), options)
    assert (type(error), error.retriable, error.uncertain) == (HttpOperationFailedException, True, uncertain)


@pytest.mark.parametrize("status", [400, 408, 429, 500, 503])
def test_any_other_status_says_what_became_of_the_call(peer, failure, status):
    assert not failure(peer(said(status)), "httpMethod=POST").uncertain


def cut(connection):
    """Close without a word of TLS, as the kernel does for a process that was killed."""
    socket.socket(fileno=connection.detach()).close()


def broken(connection):
    """Send what is no TLS in the middle of an answer."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\nhalf")
    with socket.socket(fileno=connection.detach()) as raw:
        raw.sendall(b"\x17\x03\x03\x00\x30" + b"\x00" * 0x30)
        raw.recv(65536)


@pytest.mark.parametrize("behave", [cut, broken])
def test_tls_that_breaks_after_the_request_leaves_the_effect_open(peer, failure, behave):
    error = failure(peer(behave, tls=True), "httpMethod=POST", scheme="https")
    assert (type(error), error.uncertain) == (ConnectionLost, True)


def test_tls_that_is_silent_after_the_request_leaves_the_effect_open(peer, failure):
    silent = threading.Event()
    error = failure(peer(lambda _: silent.wait(5), tls=True), "httpMethod=POST&deadline=1000", scheme="https")
    silent.set()
    assert (type(error), error.uncertain) == (DeadlineExceeded, True)


@pytest.fixture
def greeting():
    """``greeting(behave)``: a server that does something in the place of a handshake, and its port."""
    opened = []

    def make(behave):
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def serve():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                opened.append(connection)
                behave(connection)

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    yield make
    for one in opened:
        one.close()


@pytest.mark.parametrize(
    "behave",
    [socket.socket.close, lambda connection: connection.recv(1), lambda connection: connection.sendall(b"no TLS\r\n")],
    ids=["gone", "silent", "no TLS"],
)
def test_before_tls_is_there_nothing_was_sent(greeting, failure, behave):
    error = failure(greeting(behave), "httpMethod=POST&deadline=500", scheme="https")
    assert (type(error), error.uncertain) == (NotConnected, False)


def test_a_certificate_that_is_refused_after_our_handshake_means_that_nothing_was_read(greeting, failure, authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(authority.issue("strict"))
    context.verify_mode = ssl.CERT_REQUIRED

    def refuse(connection):
        raw = connection.dup()
        with contextlib.suppress(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)
        while raw.recv(65536):  # the request, which nobody reads; unread it would make the kernel drop the refusal
            pass
        raw.close()

    error = failure(greeting(refuse), "httpMethod=POST", scheme="https")
    assert (type(error), error.uncertain) == (NotConnected, False)
    assert "check the certificate" in str(error)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_means_that_nothing_was_sent(scheme):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    caller = HttpCaller(proxy=f"http://127.0.0.1:{port}")
    with pytest.raises(NotConnected):
        caller.call("POST", f"{scheme}://partner.invalid/", {}, b"ORDER")
    caller.close()
