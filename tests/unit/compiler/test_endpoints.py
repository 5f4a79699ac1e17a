"""Endpoints whose path stands among the parameters, as Camel's editors write them."""

from __future__ import annotations

import pytest

from esb.context import RouteContext


@pytest.fixture
def context(tmp_path):
    (tmp_path / "a.xsl").write_text('<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"/>')
    made = RouteContext(folder=tmp_path)
    yield made
    made.stop(1)


@pytest.mark.parametrize(
    ("scheme", "parameters", "uri"),
    [
        ("direct", {"name": "a"}, "direct:a"),
        ("timer", {"timerName": "a", "period": "1000"}, "timer:a?period=1000"),
        ("log", {"loggerName": "a"}, "log:a"),
        ("file", {"directoryName": "in"}, "file:in"),
        ("http", {"httpUri": "partner.example/a"}, "http:partner.example/a"),
        ("http", {"httpUri": "http://partner.example:81/a"}, "http:partner.example:81/a"),
        ("https", {"httpUri": "https://partner.example/a"}, "https:partner.example/a"),
        ("xslt", {"resourceUri": "file:a.xsl"}, "xslt:file:a.xsl"),
        ("dataformat", {"name": "json", "operation": "marshal"}, "dataformat:json:marshal"),
        ("language", {"languageName": "simple", "resourceUri": "${body}"}, "language:simple:${body}"),
        ("quartz", {"groupName": "g", "triggerName": "t", "cron": "0 0 12 * * ?"}, "quartz:g/t?cron=0 0 12 * * ?"),
        ("quartz", {"triggerName": "t", "cron": "0 0 12 * * ?"}, "quartz:t?cron=0 0 12 * * ?"),
        ("controlbus", {"command": "language", "language": "simple"}, "controlbus:language:simple"),
    ],
)
def test_a_path_among_the_parameters_is_the_path(context, scheme, parameters, uri):
    placed, written = context.endpoint(scheme, parameters), context.endpoint(uri)
    assert (placed.path, placed.scheme) == (written.path, written.scheme)
    assert vars(placed).keys() == vars(written).keys()
