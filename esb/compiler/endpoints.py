"""URIs to endpoints: the scheme's component, options converted by their declared fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from esb.component import Component, Context, Endpoint
from esb.dsl.parse import camel_case
from esb.dsl.uri import Uri
from esb.errors import ConfigError, ConfigErrors, OptionError, UnknownName
from esb.fields import Field, convert

_SYNTAX: Final = {
    **dict.fromkeys(("http", "https"), "httpUri"),
    **dict.fromkeys(("json-validator", "mustache", "validator", "xslt"), "resourceUri"),
    "controlbus": "command:language",
    "dataformat": "name:operation",
    "kamelet": "templateId/routeId",
    "language": "languageName:resourceUri",
    "quartz": "groupName/triggerName",
}
"""What Camel calls the parts of a path, where our endpoint has it under another name or as one."""


def placed(component: Component, uri: Uri) -> Uri:
    """The URI with its path in its place, where it was given among the parameters: ``uri: direct`` with ``parameters: {name: x}``.

    So does Camel, and its editors write every endpoint like that.
    """
    if uri.path:
        return uri
    given = dict(uri.pairs)
    declared = next((one for one in component.endpoint_class.fields.values() if one.path), None)
    names = [declared.name, *declared.aliases] if declared is not None else []
    path = ""
    parts = re.split(r"([/:])", _SYNTAX.get(uri.scheme, ""))
    for name, separator in zip(parts[::2], ["", *parts[1::2]], strict=True):
        if given.get(name):
            path += (separator if path else "") + given[name]
    path = path or next((given[name] for name in names if given.get(name)), "")
    names += parts[::2]
    if not path:
        return uri
    if uri.scheme in {"http", "https"}:
        path = re.sub(r"^https?:(?://)?", "", path)
    return replace(uri, path=path, raw_path=path, pairs=tuple(pair for pair in uri.pairs if pair[0] not in names))


def make_endpoint(context: Context, component: Component, uri: Uri) -> Endpoint:
    """The endpoint of a parsed URI. Raises ConfigErrors with all that is wrong about it, at the URI's position or the parameter's."""
    cls = component.endpoint_class
    findings: list[ConfigError] = []
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, text in uri.options.items():
        at = uri.places.get(name, uri.at)
        declared = _declared(cls.fields, name)
        if declared is None or declared.path:
            if cls.lenient:
                extra[name] = text
            else:
                known = [known for known, one in cls.fields.items() if not one.path]
                findings.append(UnknownName(f"option of {uri.scheme}", name, known, at))
            continue
        try:
            values[declared.attribute] = convert(declared, text)
        except ValueError as error:
            if "{{" in text:
                continue  # the placeholder has no value, which is told already
            findings.append(OptionError(f"option {name!r} of {uri.scheme}: {error}", at))
    for declared in cls.fields.values():
        if declared.path and uri.path:
            values[declared.attribute] = convert(declared, uri.path)
        elif declared.required and declared.attribute not in values:
            where = "in its path" if declared.path else "as a parameter"
            findings.append(OptionError(f"{uri.scheme}: needs {declared.name!r} {where}", uri.at, declared.doc))
    if findings:
        raise findings[0] if len(findings) == 1 else ConfigErrors(findings)
    endpoint = cls(uri.at, extra, **values)
    endpoint.scheme, endpoint.path, endpoint.raw_path, endpoint.query = uri.scheme, uri.path, uri.raw_path, uri.query
    endpoint.uri = uri.safe([name for name, declared in cls.fields.items() if declared.secret])
    endpoint.component, endpoint.context = component, context
    endpoint.prepare()
    return endpoint


def _declared(fields: Mapping[str, Field], name: str) -> Field | None:
    found = fields.get(name) or fields.get(camel_case(name))
    if found is None:
        found = next((declared for declared in fields.values() if name in declared.aliases), None)
    if found is None:  # options of endpoints are found whatever their case, as in Camel
        found = next((declared for known, declared in fields.items() if known.lower() == name.lower()), None)
    return found
