"""Where RabbitMQ is and how we talk to it: ``amqp://user:password@host1:5672,host2/vhost?window=500``.

Hosts are tried in turn. ``amqps`` verifies the server's certificate against the system's authorities, or against ``caFile``.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import pika

from esb.broker.url import options
from esb.errors import OptionError

_PORTS = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True, slots=True)
class Options:
    """What a URL's query may set. Times in seconds, sizes in bytes; 0 for ``max_length`` is no bound.

    ``namespace`` begins every name we declare, so that projects can share a virtual host. ``window`` is the number of unconfirmed publishes: the
    depth of the pipeline, and of repetition after a crash. ``delivery_limit`` is how often a message may come back unsettled before RabbitMQ
    itself sets it aside in the queue ``poison`` (a guard of last resort: RabbitMQ counts drains and browsing too). A connection that is silent for
    two times ``heartbeat`` is given up. ``reconnect`` is the longest
    pause between attempts. After ``confirm_timeout`` without a single confirm what is unconfirmed is published again.

    ``frames=pika`` leaves the data's path to pika too, at a third of the speed: see :mod:`esb.broker.amqp_fast`.

    ``auth=external`` logs in by the client's certificate (``cert_file``, ``key_file``): the broker needs the plugin
    rabbitmq_auth_mechanism_ssl. Files are PEM.
    """

    namespace: str = "esb"
    window: int = 500
    publish_timeout: float = 30.0
    heartbeat: int = 30
    reconnect: float = 5.0
    confirm_timeout: float = 15.0
    delivery_limit: int = 1000
    max_length: int = 0
    max_body: int = 128 << 20
    frames: str = "fast"
    auth: str = "plain"
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URL. Its repr shows no password."""

    hosts: tuple[tuple[str, int], ...]
    vhost: str
    user: str
    password: str = field(repr=False)
    tls: bool
    options: Options

    def __str__(self) -> str:
        return ",".join(f"{host}:{port}" for host, port in self.hosts) + f"/{self.vhost.removeprefix('/')}"

    def parameters(self, attempt: int, name: str) -> pika.ConnectionParameters:
        """What pika needs for the given attempt: each goes to the next host. ``name`` is shown by RabbitMQ's tools."""
        host, port = self.hosts[attempt % len(self.hosts)]
        return pika.ConnectionParameters(
            host=host,
            port=port,
            virtual_host=self.vhost,
            credentials=self._credentials(),
            heartbeat=self.options.heartbeat,
            ssl_options=pika.SSLOptions(self._tls_context(), host) if self.tls else None,
            connection_attempts=1,  # we try again ourselves, with the next host and a growing pause
            socket_timeout=5.0,
            stack_timeout=10.0,
            client_properties={"connection_name": f"esb {self.options.namespace} {name} {os.getpid()}"},
        )

    def _credentials(self) -> Any:
        if self.options.auth == "external":
            return pika.credentials.ExternalCredentials()
        return pika.PlainCredentials(self.user, self.password, erase_on_connect=False)

    def _tls_context(self) -> ssl.SSLContext:
        given = self.options
        try:
            context = ssl.create_default_context(cafile=given.ca_file or None)
            if given.cert_file:
                context.load_cert_chain(given.cert_file, given.key_file or None)
        except OSError as exc:
            # Python says neither which file nor, for one that is no PEM, what is wrong with it.
            files = ", ".join(filter(None, (given.ca_file, given.cert_file, given.key_file)))
            raise OSError(f"the certificates of the broker URL cannot be read ({files}): {exc}") from exc
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def parse(url: str) -> Address:
    """Read a URL. Raises :class:`OptionError`; its message never holds the password."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        raise OptionError(
            f"{parts.scheme!r} is no scheme of RabbitMQ", hint="write amqp://user:password@host/vhost, or amqps://…"
        )
    login, _, names = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    vhost = unquote(parts.path.removeprefix("/")) or "/"
    set_options = options(parts.query, Options(), parts.scheme)
    _check(set_options, tls=parts.scheme == "amqps")
    return Address(
        hosts=tuple(_host(name, _PORTS[parts.scheme]) for name in names.split(",")),
        vhost=vhost,
        user=unquote(user) or "guest",
        password=unquote(password) or "guest",
        tls=parts.scheme == "amqps",
        options=set_options,
    )


def _check(given: Options, *, tls: bool) -> None:
    files = {"caFile": given.ca_file, "certFile": given.cert_file, "keyFile": given.key_file}
    if any(files.values()) and not tls:
        raise OptionError(
            "the broker URL names certificates, but amqp: does not encrypt", hint="write amqps://… for a TLS connection"
        )
    if given.frames not in {"fast", "pika"}:
        raise OptionError(
            f"option frames of the broker URL is {given.frames!r}", hint="write frames=fast or frames=pika"
        )
    if given.auth not in {"plain", "external"}:
        raise OptionError(f"option auth of the broker URL is {given.auth!r}", hint="write auth=plain or auth=external")
    if given.auth == "external" and not given.cert_file:
        raise OptionError(
            "auth=external logs in by a certificate, and the broker URL names none",
            hint="add certFile=PATH (and keyFile=PATH, unless the key is in the same file)",
        )
    if given.key_file and not given.cert_file:
        raise OptionError("the broker URL has a keyFile without a certFile", hint="add certFile=PATH")


def _host(text: str, default: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    try:
        port = parts.port or default
    except ValueError:
        raise OptionError(f"the port in {text!r} is not a number up to 65535", hint="write host:5672") from None
    return parts.hostname or "localhost", port
