"""The API document of a project's rest elements, in OpenAPI 3.0 (Camel's page "OpenAPI Java" says what goes where)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from esb.dsl.rest import VERBS, ParamSpec, ResponseMessageSpec, RestConfigurationSpec, RestSpec, VerbSpec

_ORDER: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_STYLES: Final = {"multi": "deepObject", "ssv": "spaceDelimited", "pipes": "pipeDelimited"}
_FOREIGN: Final = ("java.", "javax.", "jakarta.", "com.", "org.")
SchemaOf = Callable[[str], Mapping[str, Any]]
"""Data type's name -> its schema. Raises UnknownName."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb with what its rest element and the configuration say where it says nothing."""

    method: str
    path: str
    rest: RestSpec
    verb: VerbSpec
    consumes: str
    produces: str


def operations(rests: Iterable[RestSpec]) -> Iterator[Operation]:
    """All operations that the document shows, by rest element, path and method."""
    for rest in rests:
        found = [(verb.path, method, verb) for method in VERBS for verb in getattr(rest, method)]
        for path, method, verb in sorted(found, key=lambda one: (_joined(rest.path, one[0]), one[1])):
            if verb.disabled or not verb.api_docs or not rest.api_docs:
                continue
            consumes, produces = verb.consumes or rest.consumes or "", verb.produces or rest.produces or ""
            yield Operation(method, _joined(rest.path, path), rest, verb, consumes, produces)


def _joined(*parts: str) -> str:
    told = "/".join(part.strip("/") for part in parts if part.strip("/"))
    return f"/{told}" + ("" if parts[-1].strip("/") else "/")


def document(rests: Sequence[RestSpec], configuration: RestConfigurationSpec, schema_of: SchemaOf) -> dict[str, Any]:
    """The whole document."""
    types = _Types(schema_of)
    paths: dict[str, dict[str, Any]] = {}
    number = 0
    for operation in operations(rests):
        if not operation.verb.id:
            number += 1
        told = _operation(operation, operation.verb.id or f"verb{number}", types)
        paths.setdefault(operation.path, {})[operation.method] = told
    requirements = [{one.key: list(one.scopes)} for rest in rests for one in rest.security_requirements]
    schemes = {name: scheme for rest in rests for name, scheme in _schemes(rest.security_definitions)}
    components = _present(schemas=types.used, securitySchemes=schemes)
    return {
        "openapi": "3.0.0",
        "info": _info({one.key: one.value for one in configuration.api_property}),
        "servers": [{"url": _server(configuration)}],
        **_present(security=requirements),
        **_present(tags=list(_tags(rests))),
        "paths": {
            path: {method: methods[method] for method in _ORDER if method in methods}
            for path, methods in sorted(paths.items())
        },
        **_present(components=components),
    }


def _present(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}


def _info(told: Mapping[str, str]) -> dict[str, Any]:
    return _present(
        title=told.get("api.title"),
        description=told.get("api.description"),
        termsOfService=told.get("api.termsOfService"),
        contact=_present(**{one: told.get(f"api.contact.{one}") for one in ("name", "url", "email")}),
        license=_present(**{one: told.get(f"api.license.{one}") for one in ("name", "url")}),
        version=told.get("api.version"),
    )


def _server(configuration: RestConfigurationSpec) -> str:
    host = configuration.api_host or configuration.host or "0.0.0.0"  # noqa: S104 -- Camel's word for "this host"
    port = f":{configuration.port}" if configuration.port and configuration.host else ""
    context = (configuration.context_path or "").strip("/")
    return f"{configuration.scheme or 'http'}://{host}{port}" + (f"/{context}" if context else "")


def _tags(rests: Sequence[RestSpec]) -> Iterator[dict[str, str]]:
    seen = set()
    for rest in rests:
        name = _tag(rest)
        if name and name not in seen:
            seen.add(name)
            yield {"name": name, **({"description": rest.description} if rest.description else {})}


def _tag(rest: RestSpec) -> str:
    tag: str = rest.tag or (f"/{rest.path.strip('/')}" if rest.path.strip("/") else "")
    return tag


def _schemes(definitions: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Security schemes of ``securityDefinitions``: one or a list of each kind."""
    for kind, given in (definitions or {}).items():
        for one in given if isinstance(given, list) else [given]:
            if isinstance(one, Mapping) and one.get("key"):
                scheme = _scheme(kind, one)
                told = {"type": scheme.pop("type"), "description": one.get("description"), **scheme}
                yield str(one["key"]), _present(**told)


def _scheme(kind: str, one: Mapping[str, Any]) -> dict[str, Any]:
    match kind:
        case "basicAuth":
            return {"type": "http", "scheme": "basic"}
        case "bearerToken":
            return {"type": "http", "scheme": "bearer", "bearerFormat": one.get("format")}
        case "apiKey":
            place = next((place for place in ("Header", "Query", "Cookie") if _true(one.get(f"in{place}"))), "Header")
            return {"type": "apiKey", "name": one.get("name"), "in": place.lower()}
        case "openIdConnect":
            return {"type": "openIdConnect", "openIdConnectUrl": one.get("url")}
        case "mutualTLS":
            return {"type": "mutualTLS"}
    flow = {name: one[name] for name in ("authorizationUrl", "tokenUrl", "refreshUrl") if one.get(name)}
    scopes = {str(scope.get("key")): str(scope.get("value", "")) for scope in one.get("scopes") or ()}
    return {"type": "oauth2", "flows": {str(one.get("flow") or "implicit"): {**flow, "scopes": scopes}}}


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _operation(operation: Operation, operation_id: str, types: _Types) -> dict[str, Any]:
    verb = operation.verb
    params = [param for param in verb.param if param.type not in {"body", "formData"}]
    named = {param.param_name for param in params if param.type == "path"}
    missing = [name for name in re.findall(r"{([^{}]+)}", operation.path) if name not in named]
    tag = _tag(operation.rest)
    return {
        **_present(tags=[tag] if tag else []),
        **_present(summary=verb.description),
        "operationId": operation_id,
        **_present(parameters=[*map(_parameter, params), *map(_path_parameter, missing)]),
        **_present(requestBody=_body(operation, types)),
        "responses": _responses(operation, types),
        **_present(deprecated=verb.deprecated),
        **_present(security=[{one.key: list(one.scopes)} for one in verb.security]),
    }


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _parameter(param: ParamSpec) -> dict[str, Any]:
    told: dict[str, Any] = {"name": param.param_name, "in": param.type, **_present(description=param.description)}
    told["required"] = param.type == "path" or param.required is not False
    if param.data_type == "array" and param.collection_format in _STYLES:
        told["style"] = _STYLES[param.collection_format]
    schema = _plain_schema(param)
    if param.default_value is not None:
        schema["default"] = _typed(param.default_value, param.data_type)
    return {**told, "schema": schema}


def _plain_schema(param: Any) -> dict[str, Any]:
    if param.data_type == "array":
        item = {"type": param.array_type}
        if param.array_type == "integer":
            item["format"] = "int32"
        return {"type": "array", "items": item}
    schema: dict[str, Any] = {"type": param.data_type, **_present(format=param.data_format)}
    if param.allowable_values:
        schema["enum"] = [_typed(one.value, param.data_type) for one in param.allowable_values]
    return schema


def _typed(told: str, kind: str) -> Any:
    try:
        return int(told) if kind == "integer" else float(told) if kind == "number" else told
    except ValueError:
        return told


def _body(operation: Operation, types: _Types) -> dict[str, Any] | None:
    verb = operation.verb
    body = next((param for param in verb.param if param.type == "body"), None)
    form = [param for param in verb.param if param.type == "formData"]
    kinds = [kind.strip() for kind in operation.consumes.split(",") if kind.strip()]
    if form:
        properties = {param.param_name: _plain_schema(param) for param in form}
        schema = {"type": "object", "properties": properties}
        return {"content": {kinds[0] if kinds else "application/x-www-form-urlencoded": {"schema": schema}}}
    if body is None and not (verb.type and types.known(verb.type)):
        return None
    examples = {one.key: one.value for one in body.examples} if body is not None else {}
    content = {
        kind: {
            "schema": types.schema(verb.type, body.data_type if body is not None else "string"),
            **({"example": examples[kind]} if kind in examples else {}),
        }
        for kind in kinds or ["application/json"]
    }
    description = body.description if body is not None else None
    required = body is None or body.required is not False
    return {**_present(description=description), "content": content, **_present(required=required)}


def _responses(operation: Operation, types: _Types) -> dict[str, Any]:
    verb = operation.verb
    told = {one.code: _response(one, operation, types) for one in verb.response_message}
    if not told and verb.out_type and types.known(verb.out_type):
        told["200"] = {"description": "Output type", "content": _content(verb.out_type, operation.produces, types)}
    return told or {"default": {}}


def _response(message: ResponseMessageSpec, operation: Operation, types: _Types) -> dict[str, Any]:
    headers = {
        one.header_name: {
            **_present(description=one.description),
            "schema": _plain_schema(one),
            **({"examples": {"": {"value": one.example}}} if one.example else {}),
        }
        for one in message.header
    }
    model = message.response_model or (operation.verb.out_type if message.code == "200" else None)
    content = _content(model, message.content_type or operation.produces, types) if model else {}
    return {"description": message.message, **_present(headers=headers, content=content)}


def _content(model: str, produces: str, types: _Types) -> dict[str, Any]:
    kinds = [kind.strip() for kind in produces.split(",") if kind.strip()] or ["application/json"]
    return {kind: {"schema": types.schema(model, "string")} for kind in kinds}


class _Types:
    """Schemas of the data types that operations name; those used go into the document once."""

    def __init__(self, schema_of: SchemaOf) -> None:
        self._schema_of = schema_of
        self.used: dict[str, Any] = {}

    def known(self, name: str) -> bool:
        """Whether it is a data type of ours rather than a Java class."""
        return not name.startswith(_FOREIGN)

    def schema(self, name: str | None, otherwise: str) -> dict[str, Any]:
        """A reference to the schema of a type (``name[]``: a list of it), or a plain one."""
        if not name or not self.known(name):
            return {"type": otherwise}
        plain = name.removesuffix("[]")
        if plain not in self.used:
            self.used[plain] = dict(self._schema_of(plain))
        reference = {"$ref": f"#/components/schemas/{plain}"}
        return reference if plain == name else {"type": "array", "items": reference}
