"""Findings as people and programs read them: lines, JSON, SARIF (OASIS, version 2.1.0), and the workflow commands of GitHub Actions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import click

import esb
from esb.cli._terminal import plural
from esb.dsl.lint.rules import COMPACT, RULES, WARNING
from esb.errors import ConfigError, EsbError

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_FEW: Final = 3
"""As many places in the compact notation are told one by one; more of a file in one line."""


def as_text(findings: Sequence[ConfigError], routes: int) -> None:
    """A line for each finding on standard output, and the sum on standard error, or on standard output if there are none."""
    for line in _lines(findings):
        click.echo(line)
    errors = sum(one.level == "error" for one in findings)
    warnings = len(findings) - errors
    counted = plural(errors, "error") if warnings else plural(errors, "finding")
    counted += f" and {plural(warnings, 'warning')}" if warnings else ""
    # With an error none of an instance's routes is kept: their number would say nothing.
    click.echo(counted if errors else f"{counted} in {plural(routes, 'route')}", err=bool(findings))


def as_json(findings: Sequence[ConfigError], routes: int) -> None:
    """One object with all findings."""
    told = [
        {
            "file": one.at.file,
            "line": one.at.line,
            "column": one.at.column,
            "code": one.code,
            "level": one.level,
            "message": one.message,
            "hint": one.hint,
        }
        for one in findings
    ]
    click.echo(json.dumps({"findings": told, "routes": routes}, indent=2))


def as_github(findings: Sequence[ConfigError], _routes: int) -> None:
    """Annotations of the files in a pull request."""
    for one in findings:
        place = f"file={_property(one.at.file)}" + (f",line={one.at.line},col={one.at.column}" if one.at.line else "")
        click.echo(f"::{one.level} {place},title={_property(one.code)}::{_data(_sentence(one))}")


def as_sarif(findings: Sequence[ConfigError], _routes: int) -> None:
    """A log that code hosts and editors read."""
    codes = sorted({one.code for one in findings})
    driver = {"name": "esb check", "version": esb.__version__, "rules": [_rule(code) for code in codes]}
    run = {"tool": {"driver": driver}, "results": [_result(one) for one in findings], "columnKind": "unicodeCodePoints"}
    click.echo(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2))


FORMATS: Final[dict[str, Callable[[Sequence[ConfigError], int], None]]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}


def explained(code: str) -> tuple[str, str]:
    """What a code means, in a line, and why it matters. Raises KeyError for one that is not there."""
    for rule in RULES:
        if rule.code == code:
            return rule.title, rule.why
    for kind in _kinds(EsbError):
        if kind.code == code:
            first, _, rest = (kind.__doc__ or "").strip().partition("\n")
            return first, " ".join(rest.split())
    raise KeyError(code)


def codes() -> list[str]:
    """All codes that there are."""
    return sorted({rule.code for rule in RULES} | {kind.code for kind in _kinds(EsbError)})


def _lines(findings: Sequence[ConfigError]) -> Iterator[str]:
    compact = Counter(one.at.file for one in findings if one.code == COMPACT.code)
    told: set[str] = set()
    for one in findings:
        file = one.at.file
        if one.code != COMPACT.code or compact[file] <= _FEW:
            yield str(one)
        elif file not in told:
            told.add(file)
            more = f"here and in {compact[file] - 1} places more of this file"
            yield f"{one.at} [{one.code}] {WARNING}: the compact notation, {more}; 'esb fmt' rewrites them"


def _sentence(one: ConfigError) -> str:
    return f"{one.message}; {one.hint}" if one.hint else one.message


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _rule(code: str) -> dict[str, Any]:
    title, why = explained(code)
    return {"id": code, "shortDescription": {"text": title}, **({"fullDescription": {"text": why}} if why else {})}


def _result(one: ConfigError) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": one.at.file, "uriBaseId": "%SRCROOT%"}}
    if one.at.line:
        place["region"] = {"startLine": one.at.line, "startColumn": max(one.at.column, 1)}
    located = {"locations": [{"physicalLocation": place}]} if one.at.file else {}
    return {"ruleId": one.code, "level": one.level, "message": {"text": _sentence(one)}, **located}


def _kinds(kind: type[EsbError]) -> Iterator[type[EsbError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)
