"""Binary content that travels beside the envelope (XOP, which is the heart of MTOM), without ever being base64 text here.

While a message is written or read, a token stands in the XML where the base64 text would: short, itself valid base64, and impossible to guess, so
that no sender can forge one. The schema is run over the tree with the tokens in it; only where that fails (a length facet) is the real text put
in and the schema run again. Source: XML-binary Optimized Packaging 1.0, SOAP Message Transmission Optimization Mechanism.

The state belongs to the thread that reads or writes: scalars ask it (:func:`give`, :func:`take`), who have no other way to know of the message.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.soap import multipart
from adapters.soap.attachment import Attachment, size_of
from esb.coerce import octets
from esb.errors import Malformed, ValidationFailed

Element = Any  # lxml's stubs are older than lxml

XOP: Final = "http://www.w3.org/2004/08/xop/include"
INCLUDE: Final = f"{{{XOP}}}Include"
ATTACHMENT: Final = "$attachment"
"""In data, ``{"$attachment": name}`` in place of the bytes: an attachment of the message."""
MAX_INCLUDES: Final = 10_000

_REPEATED: Final = 1024 * 1024
"""Bytes of parts that may be put into a tree even if that is more than there are: one part in 10 000 places would be 10 000 times its size."""
_TOKEN_BYTES: Final = 24  # a multiple of three: no padding, so it stays itself when cut out of a text


class _State(threading.local):
    """The messages that this thread reads and writes now, by their tokens."""

    outgoing: Outgoing | None = None
    incoming: Incoming | None = None


_state = _State()


class Outgoing:
    """What a message that is being written sends beside its envelope."""

    def __init__(self, attachments: Mapping[str, Any] | None, threshold: int | None) -> None:
        """``threshold``: bytes from which on content goes apart; None for no MTOM, where everything stays base64 text."""
        self.attachments = attachments or {}
        self.threshold = threshold
        self.parts: list[tuple[str, Any]] = []
        self.referred: set[str] = set()
        """Names of attachments that the data refers to."""
        self._waiting: dict[str, Any] = {}

    def take(self, value: Any) -> tuple[str | None, Any]:
        """A token for the value, or None and the value itself, to be written as text. Raises ValueError for an attachment that is not there."""
        if isinstance(value, Mapping) and ATTACHMENT in value:
            name = value[ATTACHMENT]
            if name not in self.attachments:
                raise ValueError(f"the message has no attachment {name!r}")
            self.referred.add(name)
            value = self.attachments[name]
        size = size_of(value)
        if self.threshold is None or (size is not None and size < self.threshold) or isinstance(value, str):
            return None, value
        token = _token()
        self._waiting[token] = value
        return token, value

    def adopt(self, root: Element) -> None:
        """Take the references to attachments in XML that a route made. Raises ValueError for a reference to nothing."""
        for node in list(root.iter(INCLUDE)):
            content_id = multipart.content_id_of(node.get("href") or "")
            parent = node.getparent()
            if content_id is None or content_id not in self.attachments or parent is None:
                raise ValueError(f"an xop:Include refers to {content_id!r}, which is no attachment of the message")
            self.referred.add(content_id)
            parent.remove(node)
            parent.text = token = _token()
            self._waiting[token] = self.attachments[content_id]

    def settle(self, root: Element, check: Any) -> None:
        """Run the schema and put references in the places of the tokens. ``check`` raises what is wrong."""
        if not self._waiting:
            check()
            return
        try:
            check()
        except ValidationFailed:
            self._inline(root)
            check()
        places = [node for node in root.iter() if node.text in self._waiting]
        if len(places) != len(self._waiting):  # some stand in attributes or lists, where XOP cannot go
            self._inline(root)
            return
        for node in places:
            self._refer(node, self._waiting.pop(node.text))

    def _refer(self, node: Element, value: Any) -> None:
        content_id = multipart.new_content_id()
        self.parts.append((content_id, value))
        node.text = None
        _include(node, content_id)

    def _inline(self, root: Element) -> None:
        for node in root.iter():
            node.text = _expanded(node.text, self._waiting)
            for name, text in node.items():
                if text in self._waiting:
                    node.set(name, _base64(self._waiting[text]))
        self._waiting.clear()


class Incoming:
    """What a message that is being read brought beside its envelope."""

    def __init__(self, parts: Mapping[str, Any], *, apart: bool = False) -> None:
        """``apart``: content stays an attachment, and the data refers to it; otherwise the data holds the bytes."""
        self._parts = parts
        self._apart = apart
        self._tokens: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._bytes: dict[str, bytes] = {}

    @property
    def attachments(self) -> dict[str, Any]:
        """The parts for the message: those that the envelope did not take in."""
        taken = set() if self._apart else set(self._tokens.values())
        return {name: part for name, part in self._parts.items() if name not in taken}

    def place(self, root: Element, *, text: bool = False) -> None:
        """Put tokens (or the base64 text itself) where references stand. Raises :class:`~esb.errors.Malformed` for a reference to nothing."""
        budget = sum(len(part) for part in self._parts.values())
        for number, node in enumerate(list(root.iter(INCLUDE))):
            if number > MAX_INCLUDES:
                raise Malformed(f"the message refers to its parts more than {MAX_INCLUDES} times")
            content_id = multipart.content_id_of(node.get("href") or "")
            if content_id is None or content_id not in self._parts:
                raise Malformed("an xop:Include refers to no part of the message")
            parent = node.getparent()
            if parent is None or len(parent) != 1 or (parent.text or "").strip() or (node.tail or "").strip():
                raise Malformed("an xop:Include does not stand alone in its element")
            parent.remove(node)
            token = self._token(content_id)
            if text:
                budget -= len(self._parts[content_id])
                if budget < 0:
                    raise Malformed("the message refers to a part several times")
                parent.text = _base64(self._parts[content_id])
            else:
                parent.text = token

    def restore(self, root: Element) -> None:
        """Put the references back where :meth:`place` took them: for routes that read the XML itself."""
        for node in root.iter():
            content_id = self._tokens.get(node.text or "")
            if content_id is not None:
                node.text = None
                _include(node, content_id)

    def check(self, root: Element, check: Any) -> None:
        """Run the schema; if it fails, once more with the real text, which it may have wanted to measure."""
        try:
            check()
        except ValidationFailed as failed:
            places = [node for node in root.iter() if node.text in self._tokens]
            if not places:
                raise
            size = sum(len(self._parts[self._tokens[node.text]]) for node in places)
            if size > max(_REPEATED, sum(len(part) for part in self._parts.values())):
                unmeasured = "not measured with its parts in place, since it refers to some of them several times"
                raise ValidationFailed(f"{failed}; {unmeasured}", failed.report) from failed
            for node in places:
                node.text = _base64(self._parts[self._tokens[node.text]])
            check()

    def give(self, text: str) -> Any:
        """The value that a token stands for, None if it is none."""
        content_id = self._tokens.get(text.strip())
        if content_id is None:
            return None
        if self._apart:
            return {ATTACHMENT: content_id}
        if content_id not in self._bytes:
            self._bytes[content_id] = bytes(self._parts[content_id])
        return self._bytes[content_id]

    def _token(self, content_id: str) -> str:
        token = self._names.get(content_id)
        if token is None:
            token = self._names[content_id] = _token()
            self._tokens[token] = content_id
        return token


@contextlib.contextmanager
def writing(outgoing: Outgoing) -> Iterator[Outgoing]:
    """This thread writes a message."""
    before, _state.outgoing = _state.outgoing, outgoing
    try:
        yield outgoing
    finally:
        _state.outgoing = before


@contextlib.contextmanager
def reading(incoming: Incoming | None) -> Iterator[None]:
    """This thread reads a message (None: one without parts)."""
    before, _state.incoming = _state.incoming, incoming
    try:
        yield
    finally:
        _state.incoming = before


def take(value: Any) -> tuple[str | None, Any]:
    """For scalars: a token in place of base64 text, or the value that is to be written as text."""
    outgoing = _state.outgoing
    if outgoing is not None:
        return outgoing.take(value)
    if isinstance(value, Mapping) and ATTACHMENT in value:
        raise ValueError("attachments are not sent here")
    return None, value


def give(text: str) -> Any:
    """For scalars: what a token stands for, None if the text is base64."""
    incoming = _state.incoming
    return None if incoming is None else incoming.give(text)


def settle(root: Element, check: Any) -> None:
    """Run the schema over an element that is being written, and put references where tokens stand."""
    if _state.outgoing is None:
        check()
    else:
        _state.outgoing.settle(root, check)


def checked(root: Element, check: Any) -> None:
    """Run the schema over an element that is being read."""
    if _state.incoming is None:
        check()
    else:
        _state.incoming.check(root, check)


def _token() -> str:
    return base64.b64encode(secrets.token_bytes(_TOKEN_BYTES)).decode("ascii")


def _include(node: Element, content_id: str) -> None:
    from lxml import etree

    etree.SubElement(node, INCLUDE, nsmap={"xop": XOP}, href=multipart.cid(content_id))


def _base64(value: Any) -> str:
    data = value.data if isinstance(value, Attachment) else octets(value)
    return base64.b64encode(data or b"").decode("ascii")


def _holds(text: str | None, tokens: Mapping[str, Any]) -> bool:
    return bool(text) and any(word in tokens for word in str(text).split())


def _expanded(text: str | None, values: Mapping[str, Any]) -> str | None:
    if not _holds(text, values):
        return text
    return " ".join(_base64(values[word]) if word in values else word for word in str(text).split())
