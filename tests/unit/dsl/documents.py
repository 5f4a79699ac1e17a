"""Documents to try the formatter, the linter and the schema on: the oracle's, and the model without positions."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import yaml

from esb.dsl.document import parse_document
from esb.dsl.grammar import ELEMENTS
from esb.dsl.model import Raw
from esb.dsl.nodes import to_python
from esb.dsl.parse import Parser
from esb.dsl.placeholders import Properties
from esb.dsl.reader import read
from esb.errors import ConfigError
from esb.fields import Spec
from esb.registry import Registry
from tests.conformance.casefile import Case
from tests.conformance.score import load_cases, oracle

REGISTRY = Registry()
CASES: list[Case] = load_cases(oracle())
WITHOUT_ORACLE = "the oracle's cases are not here: set ESB_ORACLE_CASES to their folder"


class AsWritten(Properties):
    """Placeholders stay: what their values are is not asked here."""

    def resolve(self, text: str, at: Any = None) -> str:
        return text

    def resolve_optional(self, text: str, at: Any = None) -> str | None:
        return text

    def resolve_uri(self, text: str, at: Any = None) -> str:
        return text


def model(text: str) -> Any:
    """What the parser makes of a document, without positions; with the texts of its findings."""
    findings: list[ConfigError] = []
    parser = Parser(REGISTRY, AsWritten(), findings)
    parsed = parse_document(parser, read(text))
    told = _plain(parsed, parser)
    return told, sorted(finding.message for finding in findings)


def _plain(value: Any, parser: Parser) -> Any:
    if isinstance(value, Raw):
        cls = ELEMENTS.get(value.name)
        return _plain(parser.spec(cls, value.node, value.at), parser) if cls else to_python(value.node)
    if isinstance(value, Spec):
        return {
            type(value).__name__: {
                name: _plain(getattr(value, known.attribute), parser) for name, known in value.fields.items()
            },
            "extra": value.extra,
        }
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name), parser) for part in fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(item, parser) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, parser) for key, item in value.items()}
    return value


def in_style(text: str, *, flow: bool) -> str:
    """The same document all in flow or all in block style."""
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.CollectionNode):
            node.flow_style = flow
            for item in node.value:
                pending += item if isinstance(item, tuple) else (item,)
    told: str = yaml.serialize(root, Dumper=yaml.CSafeDumper, width=100_000, allow_unicode=True)
    return told
