"""Where a RabbitMQ is: the bean that ``connectionFactory`` names, or the endpoint's own options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from esb.errors import OptionError
from esb.secret import Secret

if TYPE_CHECKING:
    from esb.broker.amqp_url import Address


class ConnectionFactory:
    """A bean with the place and login of a RabbitMQ; also Spring's ``CachingConnectionFactory`` by its Java name.

    Either ``uri`` (``amqp://user:password@host1,host2/vhost?window=500``), or the parts. ``addresses`` are ``host:port`` with commas, tried in turn.
    ``useSsl`` with ``caFile``, ``certFile`` and ``keyFile`` (PEM); a certificate without a ``username`` is the login. ``window`` is how many
    publishes may be unconfirmed. The attributes after these are Java's and have no effect: confirms and returns are always on.
    """

    def __init__(self, host: str = "") -> None:
        self.uri: str = host if "://" in host else ""
        self.addresses: str = ""
        self.host: str = "" if self.uri else host
        self.port: int = 0
        self.username: str = ""
        self.password: str = ""
        self.virtual_host: str = "/"
        self.use_ssl: bool = False
        self.ca_file: str = ""
        self.cert_file: str = ""
        self.key_file: str = ""
        self.requested_heart_beat: int = 0
        self.window: int = 0
        self.publisher_confirm_type: Any = None
        self.publisher_confirms: Any = None
        self.publisher_returns: Any = None
        self.channel_cache_size: Any = None
        self.connection_cache_size: Any = None
        self.cache_mode: Any = None
        self.channel_checkout_timeout: Any = None
        self.connection_timeout: Any = None
        self.connection_name_strategy: Any = None
        self.address_shuffle_mode: Any = None

    def address(self) -> Address:
        """The place in the broker layer's words. Raises OptionError; its message holds no password."""
        from esb.broker.amqp_url import parse

        return parse(self.uri or self._url())

    def _url(self) -> str:
        hosts = ",".join(part.strip() for part in str(self.addresses).split(",") if part.strip())
        if not hosts:
            hosts = self.host or "localhost"
            if self.port:
                hosts = f"{hosts}:{int(self.port)}"
        if re.search(r"[/?#@\s]", hosts):
            raise OptionError(f"{hosts!r} is no list of host:port", hint="write addresses as host1:5672,host2:5672")
        login = ""
        if self.username:
            login = f"{quote(str(self.username), safe='')}:{quote(str(self.password), safe='')}@"
        tls = str(self.use_ssl).lower() == "true"
        options = {
            "heartbeat": self.requested_heart_beat,
            "window": self.window,
            "caFile": self.ca_file,
            "certFile": self.cert_file,
            "keyFile": self.key_file,
            "auth": "external" if self.cert_file and not self.username else "",
        }
        query = urlencode({name: value for name, value in options.items() if value})
        vhost = quote(str(self.virtual_host), safe="")
        return Secret(f"{'amqps' if tls else 'amqp'}://{login}{hosts}/{vhost}{'?' if query else ''}{query}")

    def __repr__(self) -> str:
        return f"<ConnectionFactory {self.addresses or self.host or 'by URL'}>"
