"""The contract's own XML Schema, run by libxml2 over whatever comes in or goes out."""

from __future__ import annotations

import re
import threading
from typing import Any, Final

import esb.xml
from adapters.soap.contract.closure import START
from adapters.soap.names import local
from adapters.soap.wsdl import Wsdl
from esb.errors import ConfigError, Position, ValidationFailed

Element = Any  # lxml's stubs do not know that it hands out text

_SUBJECT: Final = re.compile(r"^Element '[^']*'(?:, attribute '([^']*)')?: ")
_STEP: Final = re.compile(r"/(\*|[^/\[]+)(?:\[(\d+)\])?")


class Validator:
    """Checks elements against the WSDL's schemas and the wrappers of its rpc operations. Thread-safe: one at a time."""

    def __init__(self, wsdl: Wsdl) -> None:
        """Compile. Raises :class:`~esb.errors.ConfigError` for schemas that libxml2 refuses."""
        # lxml keeps the errors of a run in the schema object, so two threads must not be in it together; a run takes microseconds.
        self._lock = threading.Lock()
        self._schema: Any = None
        if not wsdl.closure:  # libxml2 refused the schemas when they were compiled, which the contract's notes say
            return
        try:
            self._schema = esb.xml.schema(wsdl.closure, START)
        except ConfigError as exc:
            raise ConfigError(
                exc.message,
                Position(str(wsdl.path)),
                "correct the schema (xmllint shows the same errors)",
            ) from exc

    def check(self, element: Element, subject: str, checked_as: str = "") -> None:
        """Raise :class:`~esb.errors.ValidationFailed` with a report (path, message) if the element breaks the schema.

        ``checked_as`` is the name of the global element that describes it, if that is not its own.
        """
        if self._schema is None:
            return
        with self._lock:
            if _validates(self._schema, element, checked_as):
                return
            errors = [(entry.path, entry.message) for entry in self._schema.error_log]
        report = [
            {"path": _path(element, path, message), "message": _SUBJECT.sub("", message)}
            for path, message in errors[:50]
        ]
        told = "; ".join(f"{entry['path']}: {entry['message']}" for entry in report[:3])
        more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
        raise ValidationFailed(f"{subject} breaks its schema: {told}{more}", report)


def _validates(schema: Any, element: Element, checked_as: str) -> bool:
    if not checked_as:
        return bool(schema.validate(element))
    own, element.tag = element.tag, checked_as
    try:
        return bool(schema.validate(element))
    finally:
        element.tag = own


def _path(root: Element, path: str, message: str) -> str:
    """libxml2's path (with ``*`` for elements in a default namespace) in the names of the document."""
    node, steps = root, [local(root.tag)]
    for name, index in _STEP.findall(path)[1:]:
        wanted = name.rpartition(":")[2]
        children = [child for child in node if name == "*" or local(child.tag) == wanted]
        position = int(index or 1) - 1
        if position >= len(children):
            break
        node = children[position]
        same = [child for child in node.getparent() if child.tag == node.tag]
        steps.append(local(node.tag) + (f"[{same.index(node) + 1}]" if len(same) > 1 else ""))
    attribute = _SUBJECT.match(message)
    if attribute and attribute[1]:
        steps.append("@" + local(attribute[1]))
    return "/" + "/".join(steps)
