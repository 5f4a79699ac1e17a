"""Declarative tests as data: reads a ``*.test.yaml`` document, keeping the position of everything that can be right or wrong.

::

    instance: erp                         # all optional: the instance whose routes are tested
    properties: {files: "{{test.folder}}"}
    mocks: {"soap:*": {body: {number: 7}}}
    tests:
      - name: an order is accepted
        send: {request: POST /orders, json: {orderId: A1}}
        expect: {status: 202, received: {"bus:orders": 1}}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode, to_python
from esb.dsl.reader import read
from esb.errors import ConfigError, ConfigErrors, OptionError, Position, RouteSyntaxError, UnknownName

SUFFIXES: Final = (".test.yaml", ".test.yml")
_SHARED: Final = ("properties", "beans", "mocks", "real")
DOCUMENT: Final = ("instance", *_SHARED, "tests")
CASE: Final = ("name", *_SHARED, "send", "expect")
OUTCOME: Final = ("status", "error")
"""What a message of ``send`` itself may expect of its reply."""
SEND: Final = ("to", "route", "request", "body", "json", "file", "headers", "properties", "pattern", *OUTCOME)
ANSWER: Final = ("body", "json", "file", "headers", "status", "fault", "error", "sequence")
MESSAGE: Final = ("body", "json", "headers")
EXPECT: Final = ("body", "json", "headers", "properties", "status", "error", "that", "received", "files")


@dataclass(frozen=True, slots=True)
class Case:
    """One test: what is replaced, what is sent, what is expected. Nodes keep their positions; ``shared`` ones come from the document."""

    name: str
    at: Position
    instance: str
    properties: dict[str, str]
    real: tuple[str, ...]
    beans: tuple[tuple[ScalarNode, MapNode], ...]
    mocks: tuple[tuple[ScalarNode, Node], ...]
    sends: tuple[MapNode, ...]
    expect: MapNode
    folder: Path = field(default_factory=Path)
    """Where the document is: files that it names are beside it."""


def read_cases(file: Path, name: str) -> list[Case]:
    """The tests of a document, called ``name`` in messages. Raises ConfigErrors with all findings."""
    findings: list[ConfigError] = []
    root = read(file, name)
    cases: list[Case] = []
    if not isinstance(root, MapNode):
        raise RouteSyntaxError(f"a test document is a map with a list of 'tests', not {root}", root.at)
    known(root, DOCUMENT, "key of a test document", findings)
    tests = root.get("tests")
    if not isinstance(tests, ListNode) or not tests.items:
        findings.append(OptionError("a test document needs a list of 'tests'", root.at, "tests: [{send:, expect:}]"))
    else:
        cases = [made for node in tests if (made := _case(root, node, file.parent, findings)) is not None]
    if findings:
        raise ConfigErrors(findings)
    return cases


def known(node: MapNode, names: Iterable[str], kind: str, findings: list[ConfigError]) -> None:
    """Note keys that mean nothing."""
    for key, _ in node:
        if key.text not in names:
            findings.append(UnknownName(kind, key.text, names, key.at))


def _case(root: MapNode, node: Node, folder: Path, findings: list[ConfigError]) -> Case | None:
    if not isinstance(node, MapNode):
        findings.append(RouteSyntaxError(f"a test is a map with 'send' and 'expect', not {node}", node.at))
        return None
    known(node, CASE, "key of a test", findings)
    sends, expect = node.get("send"), node.get("expect") or MapNode((), node.at)
    if sends is None:
        findings.append(OptionError("a test needs 'send'", node.at, "send: {to: direct:orders, body: ...}"))
        return None
    if not isinstance(expect, MapNode):
        findings.append(RouteSyntaxError(f"'expect' is a map, not {expect}", expect.at))
        return None
    known(expect, EXPECT, "expectation", findings)
    listed = sends.items if isinstance(sends, ListNode) else (sends,)
    for send in listed:
        _check_send(send, findings)
    mocks = (*_entries(node, "mocks", findings), *_entries(root, "mocks", findings))
    for _, answer in mocks:
        _check_answer(answer, findings)
    name = node.get("name")
    instance = root.get("instance")
    return Case(
        name=name.text if isinstance(name, ScalarNode) and name.text else f"line {node.at.line}",
        at=node.at,
        instance=instance.text if isinstance(instance, ScalarNode) else "",
        properties={
            key.text: value.text
            for source in (root, node)
            for key, value in _entries(source, "properties", findings)
            if isinstance(value, ScalarNode)
        },
        real=tuple(str(scheme) for source in (root, node) for scheme in _texts(to_python(source.get("real")))),
        beans=tuple(
            (key, value)
            for source in (node, root)
            for key, value in _entries(source, "beans", findings)
            if isinstance(value, MapNode)
        ),
        mocks=mocks,
        sends=tuple(send for send in listed if isinstance(send, MapNode)),
        expect=expect,
        folder=folder,
    )


def _entries(source: MapNode, key: str, findings: list[ConfigError]) -> tuple[tuple[ScalarNode, Node], ...]:
    node = source.get(key)
    if node is None or (isinstance(node, ScalarNode) and node.is_null):
        return ()
    if isinstance(node, MapNode):
        return node.entries
    findings.append(RouteSyntaxError(f"{key!r} is a map, not {node}", node.at))
    return ()


def _texts(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _check_send(node: Node, findings: list[ConfigError]) -> None:
    if not isinstance(node, MapNode):
        findings.append(RouteSyntaxError(f"'send' is a map with 'to', 'route' or 'request', not {node}", node.at))
        return
    known(node, SEND, "key of send", findings)
    if sum(key in node for key in ("to", "route", "request")) != 1:
        hint = "'to' is an endpoint, 'route' a route's id, 'request' a line such as POST /orders"
        findings.append(OptionError("'send' needs one of 'to', 'route' and 'request'", node.at, hint))
    _one_body(node, findings)


def _check_answer(node: Node, findings: list[ConfigError]) -> None:
    if isinstance(node, ScalarNode) and node.is_null:
        return
    if not isinstance(node, MapNode):
        findings.append(RouteSyntaxError(f"a mock's answer is a map, not {node}", node.at, "write {} for no answer"))
        return
    known(node, ANSWER, "key of a mock's answer", findings)
    _one_body(node, findings)
    sequence = node.get("sequence")
    if sequence is not None and not (isinstance(sequence, ListNode) and sequence.items):
        findings.append(RouteSyntaxError("'sequence' is a list of answers", sequence.at))
    elif isinstance(sequence, ListNode):
        for answer in sequence:
            _check_answer(answer, findings)


def _one_body(node: MapNode, findings: list[ConfigError]) -> None:
    given = [key for key in ("body", "json", "file") if key in node]
    if len(given) > 1:
        findings.append(OptionError(f"{' and '.join(given)} are the same body", node.at, "keep one of them"))


def each_resolved(node: Node, resolve: Callable[[str, Position], str]) -> Node:
    """The node with the placeholders of its texts replaced. Raises ConfigError."""
    match node:
        case ScalarNode() if "{{" in node.text:
            return ScalarNode(str(resolve(node.text, node.at)), node.at, node.style, node.tag)
        case ListNode():
            return ListNode(tuple(each_resolved(item, resolve) for item in node), node.at)
        case MapNode():
            pairs = ((each_resolved(key, resolve), each_resolved(value, resolve)) for key, value in node)
            return MapNode(tuple((key, value) for key, value in pairs if isinstance(key, ScalarNode)), node.at)
        case _:
            return node
