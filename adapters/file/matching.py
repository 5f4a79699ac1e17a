"""Which files of a folder are read: the filters on names and facts, made into one predicate at load."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from adapters.file.claim import MARKER
from adapters.file.found import Found
from adapters.file.naming import predicate
from adapters.file.references import referenced
from esb.errors import OptionError, Position

if TYPE_CHECKING:
    from adapters.file.endpoint import FileEndpoint

Test = Callable[[Found], bool]


def tests(endpoint: FileEndpoint) -> tuple[Test, ...]:
    """The filters, cheap ones first: what only looks at the name comes before what asks the file system. Raises OptionError."""
    found: list[Test] = [lambda file: not file.only_name.endswith(MARKER)]
    if not endpoint.include_hidden_files:
        found.append(lambda file: not file.only_name.startswith("."))
    found += _patterns(endpoint) + _extensions(endpoint)
    if endpoint.filter:
        found.append(_accepting(referenced(endpoint.context, "filter", endpoint.filter, endpoint.at), endpoint.at))
    if endpoint.filter_file:
        accepts = predicate(endpoint.context, endpoint.filter_file, endpoint.at)
        found.append(lambda file: file.facts is not None and accepts(file.as_exchange))
    return tuple(found)


def _accepting(given: Any, at: Position) -> Test:
    accept = getattr(given, "accept", given)
    if not callable(accept):
        raise OptionError("filter must be a function of a file, or have a method accept(file)", at)
    return lambda file: bool(accept(file))


def _patterns(endpoint: FileEndpoint) -> list[Test]:
    found: list[Test] = []
    if endpoint.exclude:
        excluded = _regex("exclude", endpoint.exclude, endpoint.at)
        found.append(lambda file: not excluded.fullmatch(file.only_name))
    if endpoint.include:
        included = _regex("include", endpoint.include, endpoint.at)
        found.append(lambda file: included.fullmatch(file.only_name) is not None)
    if endpoint.ant_exclude:
        out = ant(endpoint.ant_exclude, sensitive=endpoint.ant_filter_case_sensitive)
        found.append(lambda file: not out(file.name))
    if endpoint.ant_include:
        within = ant(endpoint.ant_include, sensitive=endpoint.ant_filter_case_sensitive)
        found.append(lambda file: within(file.name))
    return found


def _extensions(endpoint: FileEndpoint) -> list[Test]:
    found: list[Test] = []
    if endpoint.exclude_ext:
        refused = _endings(endpoint.exclude_ext)
        found.append(lambda file: not file.only_name.lower().endswith(refused))
    if endpoint.include_ext:
        wanted = _endings(endpoint.include_ext)
        found.append(lambda file: file.only_name.lower().endswith(wanted))
    return found


def _endings(extensions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("." + extension.lower().removeprefix(".") for extension in extensions)


def _regex(option: str, pattern: str, at: Position) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise OptionError(f"{option} {pattern!r} is no regular expression: {error}", at) from error


def ant(patterns: tuple[str, ...], *, sensitive: bool = True) -> Callable[[str], bool]:
    """Ant's path patterns: ``?`` is a character, ``*`` any within a folder's name, ``**`` any number of folders."""
    flags = re.DOTALL if sensitive else re.DOTALL | re.IGNORECASE
    compiled = [re.compile(_ant_regex(pattern.replace("\\", "/")), flags) for pattern in patterns]
    return lambda name: any(one.fullmatch(name) for one in compiled)


def _ant_regex(pattern: str) -> str:
    if pattern.endswith("/"):
        pattern += "**"
    parts = pattern.split("/")
    out = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            out += ".*" if last else "(?:[^/]+/)*"
            continue
        told = "".join({"*": "[^/]*", "?": "[^/]"}.get(sign, re.escape(sign)) for sign in part)
        if not last and parts[index + 1 :] == ["**"]:
            return out + told + "(?:/.*)?"
        out += told if last else told + "/"
    return out
