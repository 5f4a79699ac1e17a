"""Steps and branches that no message comes to."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from esb.dsl.expanded import expression_of, literal
from esb.dsl.lint.rules import AFTER_OTHERWISE, IDLE, NEVER_TAKEN, UNREACHABLE, Finding
from esb.dsl.model import OnExceptionSpec
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.walk import Part
from esb.fields import Kind, Spec
from esb.registry import Registry

_ENDS: Final = frozenset({"stop", "throwException", "rollback"})
_CATCHES_ALL: Final = frozenset({"java.lang.Throwable", "java.lang.Exception", "Exception", "BaseException"})
_BLOCKS: Final = {
    "choice": ("when", "otherwise"),
    "doTry": ("doCatch", "doFinally"),
    "loadBalance": ("steps",),
    "step": ("steps",),
    "doFinally": ("steps",),
}
"""What a block is there for. A 'when' may mean to do nothing, and other blocks take the rest of the list when they have no steps."""
_ALWAYS: Final = ("true", "${true}")


def flow(parts: Sequence[Part], registry: Registry) -> Iterator[Finding]:
    """The findings of a document."""
    names = _ENDS - {"throwException"} if any(_continues(part) for part in parts) else _ENDS
    for part in parts:
        node = part.node
        if part.declared is not None and part.declared.kind is Kind.STEPS and isinstance(node, ListNode):
            yield from _unreachable(node, names)
        elif part.cls is not None and part.cls.name == "choice" and isinstance(node, MapNode):
            yield from _choice(node, part.cls.fields["when"].spec or Spec, registry)
        elif part.cls is not None and part.cls.name == "doTry" and isinstance(node, MapNode):
            yield from _catches(node)
        yield from _idle(part)


def _idle(part: Part) -> Iterator[Finding]:
    """A block around nothing, and a doTry that takes care of no failure."""
    node, name = part.node, part.cls.name if part.cls is not None else ""
    if name not in _BLOCKS or not isinstance(node, (MapNode, ScalarNode)) or _disabled(node):
        return
    at = part.key.at if part.key is not None else node.at
    wanted = _BLOCKS[name]
    options = set(node.keys()) if isinstance(node, MapNode) else set()
    if not any(_filled(node, option) for option in wanted if option in options):
        yield Finding(IDLE, f"this {name} has no {' and no '.join(wanted)}", at, "add them, or remove the block")


def _filled(node: Node, option: str) -> bool:
    value = node.get(option) if isinstance(node, MapNode) else None
    return bool(value.items) if isinstance(value, ListNode) else isinstance(value, MapNode) and bool(value.entries)


def _continues(part: Part) -> bool:
    """Whether this is a clause that goes on after a failure: what throws may be passed then."""
    return part.cls is OnExceptionSpec and isinstance(part.node, MapNode) and "continued" in part.node


def _unreachable(steps: ListNode, names: Collection[str]) -> Iterator[Finding]:
    items = [item for item in steps.items if isinstance(item, MapNode) and len(item) == 1]
    for item, following in itertools.pairwise(items):
        if _ends(item, names):
            key = item.entries[0][0]
            name = following.entries[0][0]
            told = f"{name.text} is never reached: {key.text} in line {key.at.line} ends the route"
            yield Finding(UNREACHABLE, told, name.at, "remove it, or put what ends the route into a branch")
            return


def _ends(item: Node, names: Collection[str]) -> bool:
    """Whether a step ends the route for every message, being one of those named or a block that always comes to one."""
    if not isinstance(item, MapNode) or len(item) != 1:
        return False
    key, value = item.entries[0]
    if _disabled(value):
        return False
    if key.text in names:
        return True
    if not isinstance(value, MapNode):
        return False
    if key.text in {"step", "pipeline"}:
        return _end(value, names)
    if key.text == "choice":
        otherwise = value.get("otherwise")
        branches = [branch for branch in _branches(value) if not _disabled(branch)]
        ways = [otherwise, *branches]
        return isinstance(otherwise, MapNode) and all(_end(way, names) for way in ways if way is not None)
    return False


def _end(block: Node, names: Collection[str]) -> bool:
    steps = block.get("steps") if isinstance(block, MapNode) and not _disabled(block) else None
    return isinstance(steps, ListNode) and any(_ends(step, names) for step in steps)


def _disabled(value: Node) -> bool:
    """Whether a part is left out, or may be: a placeholder decides."""
    disabled = value.get("disabled") if isinstance(value, MapNode) else None
    return isinstance(disabled, ScalarNode) and disabled.text.strip().lower() != "false"


def _branches(choice: MapNode) -> tuple[Node, ...]:
    when = choice.get("when")
    if isinstance(when, ListNode):
        return when.items
    return (when,) if when is not None else ()


def _choice(choice: MapNode, when: type[Spec], registry: Registry) -> Iterator[Finding]:
    keys = choice.keys()
    if "otherwise" in keys and "when" in keys[keys.index("otherwise") :]:
        key = choice.key("when")
        assert key is not None
        yield Finding(AFTER_OTHERWISE, "'when' stands after 'otherwise'", key.at, "put 'otherwise' last")
    taken: dict[str, int] = {}
    always = 0
    for branch in _branches(choice):
        if not isinstance(branch, MapNode) or _disabled(branch):
            continue
        condition = expression_of(branch, when, registry)
        if condition is None:
            continue
        told = json.dumps(condition, sort_keys=True)
        if always:
            yield Finding(NEVER_TAKEN, f"this branch is never taken: the one in line {always} always holds", branch.at)
        elif told in taken:
            line = taken[told]
            message = f"this branch is never taken: the one in line {line} has the same condition"
            yield Finding(NEVER_TAKEN, message, branch.at, "remove one, or look for the slip in its condition")
        taken.setdefault(told, branch.at.line)
        always = always or (branch.at.line if _always(condition) else 0)


def _always(condition: Any) -> bool:
    language, text = literal(condition)
    return language in {"simple", "constant"} and text.strip() in _ALWAYS


def _catches(block: MapNode) -> Iterator[Finding]:
    """Clauses behind one that takes all failures, or the same ones; a clause with a condition takes only some."""
    clauses = block.get("doCatch")
    taken: dict[str, int] = {}
    for clause in clauses if isinstance(clauses, ListNode) else ():
        if isinstance(clause, MapNode) and clause.keys() == ["doCatch"]:
            clause = clause.entries[0][1]  # noqa: PLW2901 -- the same clause without its name
        if not isinstance(clause, MapNode) or _disabled(clause):
            continue
        for name in _classes(clause):
            found = taken.get(name.text) or next((taken[one] for one in _CATCHES_ALL if one in taken), 0)
            if found:
                message = f"{name.text} never comes here: the clause in line {found} takes it"
                yield Finding(NEVER_TAKEN, message, name.at, "put the clause for the narrower class first")
            elif "onWhen" not in clause:
                taken[name.text] = clause.at.line


def _classes(clause: MapNode) -> list[ScalarNode]:
    named = clause.get("exception")
    items = named.items if isinstance(named, ListNode) else (named,)
    return [item for item in items if isinstance(item, ScalarNode)]
