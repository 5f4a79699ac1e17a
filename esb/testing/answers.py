"""Mocks of a declarative test: what stands in for an endpoint, records what it gets and answers as the test says."""

from __future__ import annotations

import importlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from esb.coerce import octets
from esb.component import Endpoint, Producer
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode, to_python
from esb.errors import ConfigError, OptionError, Position, RemoteFault, TransportError, UnknownName
from esb.exchange import Exchange
from esb.javanames import caught_by


@dataclass(frozen=True, slots=True)
class Got:
    """A message as a mock or a queue got it."""

    body: Any
    headers: Mapping[str, Any]


class Unmocked(TransportError):
    """A test reached for an endpoint outside of the bus that it has not replaced."""

    retriable = False


@dataclass
class Mock:
    """The stand-in of all endpoints that a pattern matches. Thread-safe."""

    pattern: str
    at: Position
    answers: tuple[MapNode, ...]
    folder: Path
    got: list[Got] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._matches = re.compile(".*".join(re.escape(part) for part in _plain(self.pattern).split("*")))

    def matches(self, endpoint: Endpoint) -> bool:
        """Whether an endpoint is meant: by its URI without options, or with them if the pattern has some. ``*`` stands for anything."""
        uri = _plain(endpoint.uri) if "?" in self.pattern else f"{endpoint.scheme}:{endpoint.path.lstrip('/')}"
        return self._matches.fullmatch(uri) is not None

    def take(self, endpoint: Endpoint, exchange: Exchange) -> None:
        """Record the message and answer it; raises the failure that the test asks for."""
        body = exchange.message.body
        if hasattr(body, "read"):
            body = exchange.message.body = body.read()  # whoever comes later reads it as well
        with self._lock:
            turn = len(self.got)
            self.got.append(Got(body, exchange.message.headers.copy()))
        if self.answers:
            _answer(self.answers[min(turn, len(self.answers) - 1)], endpoint, exchange, self.folder)


def make_mock(key: ScalarNode, node: Node, folder: Path) -> Mock:
    """The mock of a pattern and its answers; files that these name are in ``folder``."""
    answers: tuple[MapNode, ...] = ()
    if isinstance(node, MapNode):
        sequence = node.get("sequence")
        answers = (
            tuple(one if isinstance(one, MapNode) else MapNode(()) for one in sequence)
            if isinstance(sequence, ListNode)
            else (node,)
        )
    return Mock(key.text, key.at, answers, folder)


class MockedEnd(Producer):
    """The sending end of an endpoint that is mocked."""

    def __init__(self, mock: Mock, endpoint: Endpoint) -> None:
        self._mock = mock
        self._endpoint = endpoint

    def send(self, exchange: Exchange) -> None:
        self._mock.take(self._endpoint, exchange)


def body_of(node: MapNode, folder: Path) -> tuple[Any, dict[str, Any]]:
    """The body that ``body``, ``json`` or ``file`` gives, and the headers that come of it. Raises OptionError for a file that is not there."""
    if "json" in node:
        told = json.dumps(to_python(node.get("json")), ensure_ascii=False, separators=(",", ":")).encode()
        return told, {"Content-Type": "application/json"}
    if (named := node.get("file")) is not None:
        assert isinstance(named, ScalarNode)
        file = folder / named.text
        try:
            return file.read_bytes(), {"CamelFileName": file.name, "CamelFileNameOnly": file.name}
        except OSError as error:
            raise OptionError(
                f"cannot read {named.text!r}: {error.strerror}", named.at, f"it is looked for in {folder}"
            ) from error
    given = node.get("body")
    # Text stays text whatever it looks like, unless it is null: a body 1.50 is that text.
    if isinstance(given, ScalarNode):
        return None if given.is_null else given.text, {}
    return to_python(given), {}


def headers_of(node: MapNode, key: str = "headers") -> dict[str, Any]:
    """The map under a key as plain data."""
    given = to_python(node.get(key))
    return given if isinstance(given, dict) else {}


def _answer(node: MapNode, endpoint: Endpoint, exchange: Exchange, folder: Path) -> None:
    message = exchange.message
    status = to_python(node.get("status"))
    has_body = any(key in node for key in ("body", "json", "file"))
    body, implied = body_of(node, folder) if has_body else (message.body, {})
    if isinstance(status, int):
        implied["CamelHttpResponseCode"] = status
        _refuse(endpoint, status, body)
    for key, made in (("error", _error), ("fault", _fault)):
        told = node.get(key)
        if told is not None:
            raise made(told, endpoint)
    message.body = body
    message.headers.update(implied | headers_of(node))


def _refuse(endpoint: Endpoint, status: int, body: Any) -> None:
    """As the HTTP client: a status outside of what the endpoint accepts is a failure."""
    ranges = getattr(endpoint, "ranges", None)
    if ranges is None or not getattr(endpoint, "throw_exception_on_failure", False):
        return
    if not any(status in accepted for accepted in ranges):
        failure: Any = importlib.import_module(
            "adapters.rest.result"
        )  # found at run time: the bus does not know its adapters
        raise failure.HttpOperationFailedException(endpoint.uri, status, "", b"" if body is None else octets(body))


def _fault(node: Node, endpoint: Endpoint) -> Exception:
    told = to_python(node)
    if not isinstance(told, dict):
        return RemoteFault(str(told), endpoint=endpoint.uri)
    return RemoteFault(
        str(told.get("message", "fault")),
        endpoint=endpoint.uri,
        fault_code=str(told.get("code", "")),
        detail=told.get("detail"),
    )


def _error(node: Node, endpoint: Endpoint) -> BaseException:
    told = to_python(node)
    name = str(told.get("class", "TransportError")) if isinstance(told, dict) else str(told)
    words = str(told.get("message", "")) if isinstance(told, dict) else ""
    words = words or f"{endpoint.uri} fails in this test"
    classes = caught_by(name)
    if not classes:
        raise UnknownName(
            "error class", name, (), node.at, "an error of esb.errors, a Java name or package.module:Name"
        )
    return classes[0](words)


def check_errors(node: Node, findings: list[ConfigError]) -> None:
    """Note error classes that nobody knows, before anything runs."""
    if not isinstance(node, MapNode):
        return
    told = node.get("error")
    if told is not None:
        name = to_python(told)
        name = name.get("class", "TransportError") if isinstance(name, dict) else name
        if not caught_by(str(name)):
            findings.append(
                UnknownName(
                    "error class", str(name), (), told.at, "an error of esb.errors, a Java name or package.module:Name"
                )
            )
    sequence = node.get("sequence")
    for one in sequence if isinstance(sequence, ListNode) else ():
        check_errors(one, findings)


def _plain(uri: str) -> str:
    """A URI in one form: ``direct://a`` and ``direct:a`` are the same."""
    scheme, colon, rest = uri.partition(":")
    return f"{scheme}{colon}{rest.lstrip('/')}"
