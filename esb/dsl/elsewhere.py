"""What Camel has and the bus has not, or has under another name: what to write instead.

Names of Camel 4.17's catalogue. A route that comes from Camel so says at its first check what becomes of each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from esb.errors import Position, UnknownName, did_you_mean

_JVM: Final = "it is a language of the JVM, which is not here; write python instead"
_TRANSACTION: Final = "there is no transaction manager; from a bus: channel each message is done or comes again, and a failure gives it back"
_OBJECT: Final = "it needs an object of Java, which is not here"
_QUEUE: Final = "bus: has durable queues and topics; rabbitmq: and kombu: speak to other brokers"
_SERVER: Final = "platform-http: serves HTTP, or a rest element"
_CLIENT: Final = "http: and https: call HTTP"
_TYPED: Final = "declare a data type, and name it in unmarshalType of csv, fixed, json or xml"
_TEMPLATE: Final = "mustache, xslt, simple and python are here"

_INSTEAD: Final[dict[str, dict[str, str]]] = {
    "language": dict.fromkeys(("datasonnet", "groovy", "java", "joor", "js", "mvel", "ognl", "spel", "wasm"), _JVM),
    "step": {
        "transacted": _TRANSACTION,
        **dict.fromkeys(("pausable", "policy", "resumable", "tokenizer", "serviceCall"), _OBJECT),
        "doCatch": "it belongs into the doTry, beside its steps",
        "doFinally": "it belongs into the doTry, beside its steps",
        "when": "it belongs into a choice",
        "otherwise": "it belongs into a choice",
        "onFallback": "it belongs into the circuitBreaker, beside its steps",
        "hystrix": "write circuitBreaker",
        "inOnly": "write to, with pattern: InOnly",
        "inOut": "write to, with pattern: InOut",
        "setOutHeader": "write setHeader",
        "transformer": "write transformDataType, and declare a mapping",
    },
    "dataformat": {
        **dict.fromkeys(("bindy", "beanio", "flatpack", "jaxb", "avro", "protobuf", "thrift"), _TYPED),
        "gson": "write json",
        "jackson": "write json",
        "jacksonxml": "write jacksonXml",
        "zipdeflater": "write zipDeflater",
        "gzipdeflater": "write gzipDeflater",
        "soap": "the soap: component reads and writes envelopes, by the WSDL",
        "xmlSecurity": "the soap: component signs and encrypts messages",
    },
    "component": {
        **dict.fromkeys(("jms", "activemq", "activemq6", "amqp", "sjms", "sjms2", "artemis", "paho", "nats"), _QUEUE),
        **dict.fromkeys(("jetty", "undertow", "servlet", "netty-http", "vertx-http", "vertx-websocket"), _SERVER),
        **dict.fromkeys(("http4", "https4", "ahc", "vertx"), _CLIENT),
        **dict.fromkeys(("velocity", "freemarker", "chunk", "jte", "string-template"), _TEMPLATE),
        **dict.fromkeys(("cxfrs", "rest-openapi"), "http: and https: call HTTP; a rest element serves it, also from an OpenAPI document"),
        "rest": "write a rest element, or platform-http: to serve and http: to call",
        "vm": "seda: is the queue in memory, bus: the one between instances",
        "disruptor": "seda: is the queue in memory",
        "spring-ws": "soap: calls and serves a WSDL",
        "exec": "no program is started for a message; write a component in adapters/",
        "quartz2": "write quartz: or cron:",
    },
}  # fmt: skip


def instead(kind: str, name: str) -> str:
    """What to write instead of a name of Camel's, as a hint; empty if nothing is known of it."""
    return _INSTEAD.get(kind, {}).get(name, "")


def unknown_component(scheme: str, known: Iterable[str], at: Position) -> UnknownName:
    """The finding about a scheme that nobody serves."""
    known = list(known)
    hint = instead("component", scheme) or did_you_mean(scheme, known)
    return UnknownName(
        "component",
        scheme,
        known,
        at,
        hint or "'esb catalog components' lists what there is; one of your own goes into adapters/",
    )
