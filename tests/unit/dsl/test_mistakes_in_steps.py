"""What the parser says about the usual slips among steps."""

import pytest

from esb.dsl.document import parse_document
from esb.dsl.parse import Parser
from esb.dsl.placeholders import Properties
from esb.dsl.reader import read
from esb.errors import ConfigError
from esb.registry import Registry


@pytest.mark.parametrize(
    ("step", "hint"),
    [
        ("to:mock:a", "put a blank after the colon: 'to: mock:a'"),
        ("setBody: simple:x", "put a blank after the colon: 'simple: x'"),
        ("stop", "write '- stop: {}'"),
    ],
)
def test_a_slip_is_told_with_what_to_write(step, hint):
    findings: list[ConfigError] = []
    document = f"- route:\n    from:\n      uri: direct:a\n      steps:\n        - log: a\n        - {step}\n"
    parse_document(Parser(Registry(), Properties(), findings), read(document))
    assert [(finding.at.line, finding.hint) for finding in findings] == [(6, hint)]
