"""RabbitMQ over TLS: the certificate is checked, a client certificate may log in, and what is wrong is said."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from esb.broker.contract import Broker
from esb.broker.open import open_broker
from esb.components.rabbitmq import ConnectionFactory
from esb.context import RouteContext
from esb.exchange import Exchange
from esb.testing.broker_trial import message, publish
from esb.testing.ports import free_port
from esb.testing.process import until
from esb.testing.rabbitmq import RabbitNode
from tests.integration.certificates import Authority

pytestmark = pytest.mark.broker


class TlsNode:
    """A node with a TLS port, an authority that signed its certificate, and the user ``machine`` who may log in by certificate."""

    def __init__(self, node: RabbitNode, authority: Authority, port: int) -> None:
        self.node, self.authority, self.port = node, authority, port

    def broker(self, options: str, login: str = "guest:guest@", vhost: str = "") -> Broker:
        """A broker that is being opened."""
        broker = open_broker(f"amqps://{login}127.0.0.1:{self.port}/{vhost}?caFile={self.authority.file}{options}")
        broker.open()
        return broker


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsNode]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    server = authority.issue("server")
    port = free_port()
    node = RabbitNode()
    with (node.folder / "rabbitmq.conf").open("a") as settings:
        settings.write(
            f"listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {authority.file}\nssl_options.certfile = {server}\n"
            f"ssl_options.keyfile = {server}\nssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = false\n"
            "auth_mechanisms.1 = PLAIN\nauth_mechanisms.2 = EXTERNAL\nssl_cert_login_from = common_name\n"
        )
    (node.folder / "plugins").write_text("[rabbitmq_auth_mechanism_ssl].\n")
    with node:
        node.ctl("add_user", "machine", "unused")
        node.ctl("clear_password", "machine")
        node.ctl("add_vhost", "sales/eu")
        for vhost in ("/", "sales/eu"):
            node.ctl("set_permissions", "-p", vhost, "machine", ".*", ".*", ".*")
        yield TlsNode(node, authority, port)


def connected(broker: Broker) -> None:
    until(lambda: broker.state == "connected", "the broker is connected")


def test_messages_travel_over_a_verified_connection(tls: TlsNode) -> None:
    broker = tls.broker("&namespace=plain")
    try:
        connected(broker)
        broker.queue("orders")
        publish(broker, "orders", message("m1", b"x" * 300_000))
        [stored] = broker.browse("orders")
        assert len(stored.body) == 300_000
    finally:
        broker.close()


def test_a_client_certificate_logs_in_without_a_password_and_into_a_virtual_host(tls: TlsNode) -> None:
    machine = tls.authority.issue("machine")
    broker = tls.broker(f"&auth=external&certFile={machine}", login="", vhost="sales%2Feu")
    try:
        connected(broker)
        broker.queue("orders")
        assert broker.depth("orders") == 0
        assert "esb.orders" in tls.node.ctl("list_queues", "-p", "sales/eu", "name")
    finally:
        broker.close()


def told(broker: Broker, pattern: str, caplog: pytest.LogCaptureFixture) -> None:
    try:
        until(lambda: re.search(pattern, caplog.text), f"the log says {pattern}")
        assert broker.state == "waiting"
    finally:
        broker.close()


def test_a_server_whose_authority_is_unknown_is_not_talked_to(
    tls: TlsNode, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = Authority(tmp_path, "another authority")
    broker = open_broker(f"amqps://guest:guest@127.0.0.1:{tls.port}/?caFile={other.file}")
    broker.open()
    told(broker, "certificate is not trusted: .*check caFile", caplog)


def test_a_certificate_for_another_host_is_not_taken(tls: TlsNode, caplog: pytest.LogCaptureFixture) -> None:
    broker = open_broker(f"amqps://guest:guest@localhost:{tls.port}/?caFile={tls.authority.file}")
    broker.open()
    told(broker, "certificate is not trusted: .*localhost", caplog)


def test_a_client_certificate_of_an_unknown_user_is_refused_in_words(
    tls: TlsNode, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = tls.authority.issue("stranger")
    told(tls.broker(f"&auth=external&certFile={stranger}", login=""), "login was refused", caplog)


def test_a_missing_certificate_file_is_told_and_taken_up_when_it_is_there(
    tls: TlsNode, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "later.pem"
    broker = tls.broker(f"&reconnect=0.2&auth=external&certFile={file}", login="")
    try:
        until(lambda: "later.pem" in caplog.text, "the missing file is named in the log")
        file.write_bytes(tls.authority.issue("machine").read_bytes())
        connected(broker)
    finally:
        broker.close()


def test_the_rabbitmq_component_logs_in_by_certificate_into_a_virtual_host(tls: TlsNode) -> None:
    factory = ConnectionFactory("127.0.0.1")
    factory.port, factory.use_ssl, factory.virtual_host = tls.port, True, "sales/eu"
    factory.ca_file, factory.cert_file = str(tls.authority.file), str(tls.authority.issue("machine"))
    context = RouteContext()
    context.bind("bean", "sales", factory)
    try:
        context.load('- from: {uri: "rabbitmq:orders?queues=orders&routingKey=k", steps: [{to: mock:out}]}')
        context.start()
        told = context.send("rabbitmq:orders?routingKey=k", Exchange("tea"))
        assert told.error is None
        mock: Any = context.endpoint("mock:out")
        until(lambda: [one.body for one in mock.received] == ["tea"], "the message")
        assert "orders" in tls.node.ctl("list_queues", "-p", "sales/eu", "name")
    finally:
        context.stop(10.0)
