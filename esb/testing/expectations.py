"""Whether a test's expectations hold; what does not is told with the line of the expectation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from esb.broker.dead_letters import failed_queues, letters
from esb.broker.history import causes
from esb.coerce import text
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode, to_python
from esb.errors import EsbError, Position, UnknownName
from esb.javanames import caught_by, java_name
from esb.testing.answers import Got
from esb.testing.differences import expected, plain, same, shown, subset, texts
from esb.testing.scene import STATUS, Reply, Scene


@dataclass(frozen=True, slots=True)
class Miss:
    """An expectation that does not hold."""

    at: Position
    message: str

    def __str__(self) -> str:
        return f"{self.at}  {self.message}"


def check(expect: MapNode, reply: Reply, scene: Scene, at: Position) -> list[Miss]:
    """All misses of a test. ``at`` is where the test begins, for what no line asked for."""
    misses = [Miss(at, complaint) for complaint in scene.complaints]
    misses += check_reply(expect, reply, scene, at)
    misses += _unexpected(expect, scene, at)
    return misses


def check_reply(expect: MapNode, reply: Reply, scene: Scene, at: Position) -> list[Miss]:
    """The misses of what came of one send: what is expected of it, and a failure that nobody expected."""
    misses = []
    if reply.error is not None and "error" not in expect:
        misses.append(Miss(at, f"the exchange failed, and no error was expected: {_told(reply.error)}"))
    if reply.refusal is not None and not _names_status(expect):
        body = _as_text(reply.exchange.message.body)
        misses.append(
            Miss(
                at,
                f"the request was answered {reply.refusal}, and no status was expected{f': {shown(body)}' if body else ''}",
            )
        )
    for key, node in expect:
        misses += _CHECKS[key.text](node, reply, scene)
    return misses


def _names_status(expect: MapNode) -> bool:
    headers = expect.get("headers")
    return "status" in expect or (isinstance(headers, MapNode) and STATUS in headers)


def _body(node: Node, reply: Reply, _scene: Scene) -> Iterator[Miss]:
    yield from _one_body("body", node, reply.exchange.message.body)


def _json(node: Node, reply: Reply, _scene: Scene) -> Iterator[Miss]:
    yield from _one_body("json", node, reply.exchange.message.body)


def _one_body(key: str, node: Node, body: Any, before: str = "") -> Iterator[Miss]:
    if key == "json":
        for difference in subset(expected(node), plain(body)):
            yield Miss(node.at, f"{before}json: {difference}")
    elif isinstance(node, ScalarNode) and not node.is_null:
        for difference in texts(node.text, _as_text(body)):
            yield Miss(node.at, f"{before}body: {difference}")
    elif isinstance(node, ScalarNode):
        if body not in {None, "", b""}:
            yield Miss(node.at, f"{before}body: expected none, got {shown(_as_text(body))}")
    else:
        wanted, found = expected(node), plain(body)
        for difference in [*subset(wanted, found), *subset(found, wanted)][:1]:
            yield Miss(node.at, f"{before}body: {difference}")


def _map(name: str, node: Node, actual: Mapping[str, Any], before: str = "") -> Iterator[Miss]:
    if not isinstance(node, MapNode):
        yield Miss(node.at, f"{before}{name} is a map, not {node}")
        return
    for key, value in node:
        wanted, got = expected(value), actual.get(key.text)
        if wanted is None:
            if got is not None:
                yield Miss(value.at, f"{before}{name} {key.text}: expected none, got {shown(got)}")
        elif isinstance(wanted, (dict, list)):
            for difference in subset(wanted, plain(got), f"{name} {key.text}"):
                yield Miss(value.at, f"{before}{difference}")
        elif not same(wanted, got) and text(got) != (value.text if isinstance(value, ScalarNode) else None):
            there = f"; there are {', '.join(sorted(actual))}" if got is None and actual else ""
            yield Miss(value.at, f"{before}{name} {key.text}: expected {shown(wanted)}, got {shown(got)}{there}")


def _headers(node: Node, reply: Reply, _scene: Scene) -> Iterator[Miss]:
    yield from _map("header", node, reply.exchange.message.headers)


def _properties(node: Node, reply: Reply, _scene: Scene) -> Iterator[Miss]:
    yield from _map("property", node, reply.exchange.properties)


def _status(node: Node, reply: Reply, _scene: Scene) -> Iterator[Miss]:
    got = reply.exchange.message.headers.get(STATUS, 200)
    if str(to_python(node)) != str(got):
        body = _as_text(reply.exchange.message.body)
        yield Miss(node.at, f"status: expected {to_python(node)}, got {got}{f': {shown(body)}' if body else ''}")


def _error(node: Node, reply: Reply, _scene: Scene) -> Iterator[Miss]:
    wanted = to_python(node)
    told: dict[str, Any] = wanted if isinstance(wanted, dict) else {"class": wanted}
    if reply.error is None:
        if wanted is not None:
            yield Miss(node.at, f"error: expected {shown(wanted)}, but the exchange did not fail")
        return
    if wanted is None:
        yield Miss(node.at, f"error: expected none, got {_told(reply.error)}")
    for unknown in told.keys() - {"class", "message", "code"}:
        yield Miss(node.at, str(UnknownName("key of an error", unknown, ("class", "message", "code"))))
    chain = list(causes(reply.error))
    name = told.get("class")
    if name is not None and not any(_is_called(cause, str(name)) for cause in chain):
        yield Miss(node.at, f"error: expected {name}, got {_told(reply.error)}")
    if "code" in told and not any(getattr(cause, "code", "") == told["code"] for cause in chain):
        yield Miss(node.at, f"error: expected the code {told['code']}, got {_told(reply.error)}")
    if "message" in told and not any(str(told["message"]) in str(cause) for cause in chain):
        yield Miss(node.at, f"error: expected a message with {shown(told['message'])}, got {_told(reply.error)}")


def _is_called(error: BaseException, name: str) -> bool:
    if name in {getattr(error, "code", ""), java_name(type(error))} | {kind.__name__ for kind in type(error).__mro__}:
        return True
    return isinstance(error, caught_by(name) or ())


def _that(node: Node, reply: Reply, scene: Scene) -> Iterator[Miss]:
    """Predicates on the reply: texts in simple, or ``{language: expression}``."""
    for one in node if isinstance(node, ListNode) else (node,):
        pairs = [(key.text, value) for key, value in one] if isinstance(one, MapNode) else [("simple", one)]
        for language, expression in pairs:
            told = expression.text if isinstance(expression, ScalarNode) else ""
            try:
                spec = scene.context.language(language)(expression.at, expression=told)
                holds = spec.compile_predicate(scene.context)(reply.exchange)
            except EsbError as error:
                yield Miss(one.at, f"that: {error}")
                continue
            if not holds:
                yield Miss(one.at, f"that: {told} does not hold for {shown(_as_text(reply.exchange.message.body))}")


def _received(node: Node, _reply: Reply, scene: Scene) -> Iterator[Miss]:
    if not isinstance(node, MapNode):
        yield Miss(node.at, f"received is a map of endpoints, not {node}")
        return
    for key, wanted in node:
        got = arrivals(scene, key.text)
        if got is None:
            known = [*(mock.pattern for mock in scene.mocks), *sorted(scene.known)]
            yield Miss(
                key.at,
                str(
                    UnknownName(
                        "mock or bus channel",
                        key.text,
                        known,
                        hint="name a key of 'mocks', or a bus: or mock: endpoint that the routes name",
                    )
                ),
            )
        else:
            yield from _messages(key.text, wanted, got)


def arrivals(scene: Scene, name: str) -> Sequence[Got] | None:
    """The messages that a mock, a ``bus:`` channel or a ``mock:`` endpoint of the routes got; None for anything else."""
    plain_name = name.replace("://", ":", 1)
    for mock in scene.mocks:
        if mock.pattern in {name, plain_name}:
            return list(mock.got)
    if plain_name.startswith("bus:"):
        channel = plain_name.removeprefix("bus:").removeprefix("queue:")
        if channel in scene.broker.store.arrivals:
            return list(scene.broker.store.arrivals[channel])
        # Nought of a channel that nobody names would hold for ever, a slip of the pen as well.
        return () if f"bus:{channel}" in scene.known or channel in scene.broker.store.queues else None
    if plain_name.partition("?")[0] in scene.known:
        endpoint: Any = scene.context.endpoint(plain_name)
        return [Got(one.body, one.headers) for one in endpoint.received]
    return None


def _messages(name: str, node: Node, got: Sequence[Got]) -> Iterator[Miss]:
    wanted = to_python(node)
    if isinstance(node, ScalarNode):
        if wanted is None or int(wanted) != len(got):
            yield Miss(node.at, f"{name}: expected {wanted} messages, got {len(got)}{_list(got)}")
        return
    items = node.items if isinstance(node, ListNode) else (node,)
    if len(items) != len(got):
        yield Miss(node.at, f"{name}: expected {len(items)} messages, got {len(got)}{_list(got)}")
    for number, (item, message) in enumerate(zip(items, got, strict=False), start=1):
        before = f"{name}, message {number}: " if len(items) > 1 else f"{name}: "
        if not isinstance(item, MapNode):
            yield from _one_body("body", item, message.body, before)
            continue
        for key, value in item:
            if key.text in {"body", "json"}:
                yield from _one_body(key.text, value, message.body, before)
            elif key.text == "headers":
                yield from _map("header", value, message.headers, before)
            else:
                yield Miss(key.at, str(UnknownName("expectation of a message", key.text, ("body", "json", "headers"))))


def _list(got: Sequence[Got]) -> str:
    return "".join(f"\n    {number}. {shown(_as_text(one.body))}" for number, one in enumerate(got[:5], start=1))


def _files(node: Node, _reply: Reply, scene: Scene) -> Iterator[Miss]:
    """Files below the test's folder, by path or pattern: a text is the content, a number how many match, a map ``body``/``json``."""
    if not isinstance(node, MapNode):
        yield Miss(node.at, f"files is a map of paths below the test's folder, not {node}")
        return
    for key, wanted in node:
        found = sorted(path for path in scene.folder.glob(key.text) if path.is_file())
        value = to_python(wanted)
        if isinstance(value, int) and not isinstance(value, bool):
            if value != len(found):
                yield Miss(key.at, f"files {key.text}: expected {value}, got {len(found)}{_there(scene.folder)}")
        elif not found:
            yield Miss(key.at, f"file {key.text} was not written{_there(scene.folder)}")
        elif len(found) > 1:
            yield Miss(
                key.at,
                f"files {key.text}: this is the content of one, but there are {len(found)}{_there(scene.folder)}",
            )
        elif isinstance(wanted, MapNode):
            for part, inner in wanted:
                yield from _one_body(part.text, inner, found[0].read_bytes(), f"file {key.text}: ")
        else:
            yield from _one_body("body", wanted, found[0].read_bytes(), f"file {key.text}: ")


def _there(folder: Path) -> str:
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())[:10]
    return f"; there are {', '.join(names)}" if names else ""


def _unexpected(expect: MapNode, scene: Scene, at: Position) -> Iterator[Miss]:
    """Failed messages that no expectation names: a test that looks elsewhere must not pass over them."""
    received = expect.get("received")
    named = {key.text.replace("://", ":", 1) for key, _ in received} if isinstance(received, MapNode) else set()
    for queue in failed_queues(scene.broker):
        if not queue.depth or f"bus:{queue.name}" in named:
            continue
        first = next(iter(letters(scene.broker, queue.name, limit=1)))
        where = f" at {first.step_at} ({first.step})" if first.step_at else ""
        yield Miss(
            at,
            f"{queue.depth} message{'s' * (queue.depth != 1)} failed to {queue.name}, which no expectation names: "
            f"{first.route}{where}: {first.error_class.rpartition('.')[2]}: {first.error}",
        )


def _told(error: BaseException) -> str:
    label = getattr(error, "code", "")
    return f"{type(error).__name__}{f' [{label}]' if label else ''}: {error}"


def _as_text(body: Any) -> str:
    if isinstance(body, (dict, list)):
        return shown(plain(body))
    try:
        return text(body) or ""
    except Exception:
        return repr(body)


_CHECKS: Final[dict[str, Callable[[Node, Reply, Scene], Iterator[Miss]]]] = {
    "body": _body,
    "json": _json,
    "headers": _headers,
    "properties": _properties,
    "status": _status,
    "error": _error,
    "that": _that,
    "received": _received,
    "files": _files,
}
