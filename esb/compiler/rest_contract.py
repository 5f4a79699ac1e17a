"""Contract first: the operations of an OpenAPI document (3.x, or Swagger 2.0), each served by the route at ``direct:`` and its operationId."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from esb.dsl.nodes import to_python
from esb.dsl.reader import MAX_BYTES, read
from esb.dsl.rest import ParamSpec, ValueSpec
from esb.errors import ConfigError, OptionError, Position, ReferenceFault

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")
_MAX_REFERENCES: Final = 20


@dataclass(frozen=True, slots=True)
class Contracted:
    """One operation of a contract."""

    id: str
    method: str
    path: str
    """Below the contract's base path."""
    params: tuple[ParamSpec, ...]
    consumes: str
    produces: str
    example: Any
    """What the contract shows as an answer; None if it shows none."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A document that was read: its text, base path and operations."""

    text: bytes
    is_json: bool
    base_path: str
    operations: tuple[Contracted, ...]


def read_contract(path: Path, at: Position) -> Contract:
    """The contract in a file. Raises ReferenceFault if there is none, OptionError for what is no OpenAPI document."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReferenceFault(
            f"the OpenAPI document cannot be read: {error.strerror}: {path}",
            at,
            "specification names a file of the project",
        ) from error
    is_json = data.lstrip()[:1] == b"{"
    try:
        document = json.loads(data) if is_json and len(data) <= MAX_BYTES else to_python(read(data, str(path)))
    except (ValueError, RecursionError, ConfigError) as error:
        raise OptionError(f"{path} is neither JSON nor YAML: {error}", at) from error
    if not isinstance(document, Mapping) or not ("openapi" in document or "swagger" in document):
        raise OptionError(f"{path} is no OpenAPI document: it has neither 'openapi' nor 'swagger'", at)
    reader = _Reader(document, at)
    return Contract(data, is_json, reader.base_path(), tuple(reader.operations()))


class _Reader:
    """Walks a document; references lead only within it."""

    def __init__(self, document: Mapping[str, Any], at: Position) -> None:
        self._document = document
        self._at = at

    def base_path(self) -> str:
        if "basePath" in self._document:
            return "/" + str(self._document["basePath"]).strip("/")
        servers = self._document.get("servers")
        url = self._resolved(servers[0]).get("url", "") if isinstance(servers, list) and servers else ""
        return "/" + urlsplit(str(url)).path.strip("/")

    def operations(self) -> Iterator[Contracted]:
        seen: set[str] = set()
        for path, given in self._map(self._document.get("paths")).items():
            item = self._resolved(given)
            for method in _METHODS:
                if method not in item:
                    continue
                operation = self._resolved(item[method])
                name = str(operation.get("operationId") or "")
                if not name or name in seen:
                    what = "the same operationId as another" if name else "no operationId"
                    raise OptionError(
                        f"{method.upper()} {path} of the OpenAPI document has {what}",
                        self._at,
                        "give each operation an operationId of its own: it names the route direct:operationId",
                    )
                seen.add(name)
                yield self._operation(name, method, str(path), operation, self._list(item.get("parameters")))

    def _operation(
        self, name: str, method: str, path: str, operation: Mapping[str, Any], shared: Sequence[Any]
    ) -> Contracted:
        own = [self._resolved(one) for one in self._list(operation.get("parameters"))]
        named = {(one.get("name"), one.get("in")) for one in own}
        every = own + [one for one in map(self._resolved, shared) if (one.get("name"), one.get("in")) not in named]
        params = [param for one in every if (param := self._param(one)) is not None]
        body = self._resolved(operation.get("requestBody") or {})
        if body.get("required"):
            params.append(ParamSpec(self._at, param_name="body", type="body", required=True))
        consumes = list(self._map(body.get("content"))) or self._kinds(operation, "consumes") * bool(
            body or self._has_body(every)
        )
        answers = [self._resolved(one) for one in self._map(operation.get("responses")).values()]
        contents = [self._map(answer.get("content")) for answer in answers]
        produces = dict.fromkeys(kind for content in contents for kind in content)
        example = next(
            (found for content in contents for kind in content.values() if (found := self._example(kind))), None
        )
        told = list(produces) or (self._kinds(operation, "produces") if any("schema" in one for one in answers) else [])
        return Contracted(name, method.upper(), path, tuple(params), ",".join(consumes), ",".join(told), example)

    def _param(self, one: Mapping[str, Any]) -> ParamSpec | None:
        place = one.get("in")
        if place == "body":
            return ParamSpec(self._at, param_name="body", type="body", required=bool(one.get("required")))
        if place not in {"query", "header", "path"}:
            return None
        schema = self._resolved(one.get("schema") or one)
        default = schema.get("default")
        return ParamSpec(
            self._at,
            param_name=str(one.get("name")),
            type=place,
            required=bool(one.get("required")),
            data_type=str(schema.get("type") or "string"),
            default_value=None if default is None else str(default),
            allowable_values=tuple(ValueSpec(self._at, value=str(value)) for value in self._list(schema.get("enum"))),
        )

    def _example(self, kind: Any) -> Any:
        given = self._resolved(kind)
        if "example" in given:
            return given["example"]
        for one in self._map(given.get("examples")).values():
            return self._resolved(one).get("value")
        return None

    def _kinds(self, operation: Mapping[str, Any], key: str) -> list[str]:
        return [str(kind) for kind in self._list(operation.get(key) or self._document.get(key))]

    @staticmethod
    def _has_body(params: Sequence[Mapping[str, Any]]) -> bool:
        return any(one.get("in") in {"body", "formData"} for one in params)

    def _resolved(self, value: Any) -> Mapping[str, Any]:
        for _ in range(_MAX_REFERENCES):
            if not isinstance(value, Mapping):
                raise OptionError(f"the OpenAPI document has {str(value)[:60]!r} where a map is expected", self._at)
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self._followed(reference)
        raise OptionError("references of the OpenAPI document lead in a circle", self._at)

    def _followed(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise OptionError(
                f"the OpenAPI document refers to {reference!r}; only what it holds itself is read", self._at
            )
        found: Any = self._document
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or key not in found:
                raise OptionError(f"the OpenAPI document refers to {reference!r}, which it does not hold", self._at)
            found = found[key]
        return found

    @staticmethod
    def _map(value: Any) -> Mapping[str, Any]:
        return value if isinstance(value, Mapping) else {}

    @staticmethod
    def _list(value: Any) -> Sequence[Any]:
        return value if isinstance(value, list) else ()
