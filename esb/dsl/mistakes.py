"""The usual slips in YAML, told in the words of the one who wrote it: what stands there, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import yaml

from esb.dsl.nodes import ScalarNode
from esb.errors import Position, RouteSyntaxError, did_you_mean

_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # what libyaml counts as a line's end
_VALUE: Final = re.compile(
    r"^\s*(?:- +)*(?:[^\s:'\"#{\[][^:'\"#]*:\s+)?(?:- +)*"
)  # indentation, dashes and a key before a value
_FLOW: Final = "a bracket or brace that opens here must be closed, with commas between its parts"
_QUOTE_PLACEHOLDER: Final = 'put it in quotes: "{{...}}"'


def explain(error: yaml.MarkedYAMLError, text: str, file: str) -> RouteSyntaxError:
    """A parser's complaint as a finding with position and a hint on what is probably meant."""
    problem = error.problem or error.context or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    if "unexpected end of stream" in problem and error.context_mark is not None:
        mark = error.context_mark  # where the quote or bracket opened; the end of the file helps nobody
    line = mark.line if mark else 0
    column = mark.column if mark else 0
    lines = _BREAK.split(text)
    if "flow" in (error.context or "") and not "".join(lines[line:])[column:].strip():
        opened = _left_open(text)
        if opened is not None:
            where = Position(file, opened.line + 1, opened.column + 1)
            return RouteSyntaxError(
                "this is not YAML: the bracket or brace that opens here is never closed", where, "close it"
            )
    opener = error.context_mark if "flow" in (error.context or "") else None
    hint = _hint(problem, error.context or "", lines, line, column)
    if opener is not None and opener.line < line and hint == _FLOW:
        hint = f"close the bracket or brace that opens in line {opener.line + 1}, and put commas between its parts"
    where = Position(file, line + 1, column + 1)
    context = f" ({error.context})" if error.context and error.context not in problem else ""
    return RouteSyntaxError(f"this is not YAML: {problem}{context}", where, hint)


def _left_open(text: str) -> yaml.Mark | None:
    """Where the innermost bracket or brace opens that nobody closes before the text ends."""
    opened: list[yaml.Mark] = []
    try:
        for token in yaml.scan(text, Loader=yaml.CSafeLoader):
            if isinstance(token, (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)):
                opened.append(token.start_mark)
            elif isinstance(token, (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)) and opened:
                opened.pop()
    except yaml.YAMLError:
        pass  # what was told of the text so far will do
    return opened[-1] if opened else None


def _hint(problem: str, context: str, lines: list[str], line: int, column: int) -> str:
    here = lines[line] if line < len(lines) else ""
    # A slip often becomes visible only at the next line.
    for candidate in (here, *reversed(lines[max(0, line - 2) : line])):
        found = _line_hint(candidate)
        if found:
            return found
    if "mapping values are not allowed" in problem:
        return _glued_colon(lines[line - 1] if line else "") or _colon_hint(here, column)
    if "could not find expected ':'" in problem:
        return (
            _glued_colon(lines[line - 1] if line else "")
            or _glued_colon(here)
            or "a key needs a colon and a blank after it"
        )
    if "unknown escape" in problem:
        return "double quotes take escapes: use single quotes, or write the backslash twice"
    if "end of stream" in problem and "quoted" in context:
        return "the closing quote is missing"
    if "flow" in context:
        return _FLOW
    if "did not find expected" in problem and "block" in context:
        return _block_hint(here)
    return ""


def _line_hint(line: str) -> str:
    """What is wrong with a line by itself, whatever the parser said."""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return "indent with blanks; YAML allows no tabs"
    prefix = _VALUE.match(line)
    value = line[prefix.end() :] if prefix else ""
    if value.startswith("{{"):
        return _QUOTE_PLACEHOLDER
    if value[:1] in {"@", "`", "%"}:
        return f"a text must not begin with {value[0]}: put it in quotes"
    return ""


def _colon_hint(line: str, column: int) -> str:
    before = line[:column]
    if before.count(":") or before.lstrip().startswith("- "):
        return "a text that holds ': ' must stand in quotes"
    return "check the indentation of this line and of the one above it"


def _glued_colon(line: str) -> str:
    slip = re.fullmatch(r"\s*(?:- +)*([A-Za-z][\w-]*):(\S.*)", line)
    return f"put a blank after the colon: '{slip[1]}: {slip[2].strip()}'" if slip else ""


def _block_hint(line: str) -> str:
    if re.search(r"""["'][^"']*["']\s*[^\s,#:\]}]""", line):
        return "text follows a closing quote: put the whole value in quotes"
    return "check the indentation: parts of one list or map begin at the same column"


def missing_space(node: ScalarNode) -> str:
    """A hint for a text such as ``to:mock:a`` where a key with a value was expected; empty if it does not look so."""
    return "" if node.style else _glued_colon(node.text)


def collection_as_key(at: Position, opened: Position, *, double_brace: bool) -> RouteSyntaxError:
    """A list or map where a key should be; ``{{key}}`` without quotes reads as a map in a map."""
    if double_brace and (opened.line, opened.column + 1) == (at.line, at.column):
        return RouteSyntaxError("a placeholder without quotes is a map in a map to YAML", opened, _QUOTE_PLACEHOLDER)
    return RouteSyntaxError("a list or map cannot be a key", at, "write a plain text before the colon")


def unknown_alias(name: str, at: Position, known: Iterable[str]) -> RouteSyntaxError:
    """``*name`` without an anchor ``&name`` before it."""
    hint = did_you_mean(name, known) or "if a text is meant that begins with *, put it in quotes"
    return RouteSyntaxError(f"the alias *{name} has no anchor &{name} before it", at, hint)


def merge_key(at: Position) -> RouteSyntaxError:
    """``<<:``, which YAML 1.2 has dropped and Camel does not know."""
    return RouteSyntaxError(
        "the merge key << is not part of YAML 1.2", at, "write the keys out, or use a routeTemplate for what is shared"
    )


def duplicate_key(key: ScalarNode, first: int) -> RouteSyntaxError:
    """One key twice in a map: to take either silently would hide the other."""
    return RouteSyntaxError(
        f"the key {key.text!r} is given twice, first in line {first} and again in line {key.at.line}",
        key.at,
        "remove one, or make it an item of a list",
    )


def tag_refused(tag: str, at: Position) -> RouteSyntaxError:
    """A tag that would make an object."""
    return RouteSyntaxError(
        f"the tag {tag} is not allowed", at, "remove it; if a text is meant that begins with !, put it in quotes"
    )
