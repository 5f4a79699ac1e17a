"""Rewrites a route file to the canonical notation, touching nothing but the places that are not: comments, quotes and blank lines stay.

Each place becomes an edit of the text (:mod:`esb.dsl.edits`); what lies inside another edit waits for the next round, until nothing is left. The
result is held against the original: if the two do not say the same, the file is refused rather than changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from esb.dsl.compact import Compact, Fix, compact
from esb.dsl.edits import Edits, NotEditable
from esb.dsl.expanded import expanded
from esb.dsl.layout import Layout
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.reader import read
from esb.errors import Position, RouteSyntaxError
from esb.registry import Registry

_ROUNDS: Final = 500
"""More than the deepest document needs: the reader allows 200 levels, and each round ends at least one."""
_BOM: Final = "\ufeff"


def formatted(text: str, registry: Registry, file: str = "") -> str:
    """The text in the canonical notation; the same text if it is already. Idempotent.

    Places that cannot be rewritten safely (behind an alias, across a comment inside braces) stay as they are: the linter goes on telling them.
    Raises RouteSyntaxError for what is no YAML.
    """
    mark = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    root = read(text, file)
    said = expanded(root, registry)
    for _ in range(_ROUNDS):
        changed = _round(text, root, registry)
        if changed == text:
            return mark + text
        text, root = changed, read(changed, file)
        if expanded(root, registry) != said:
            raise RouteSyntaxError(
                "this file cannot be rewritten without a change of its meaning",
                Position(file, 1, 1),
                "rewrite the places that 'esb check' names by hand; and please report this file",
            )
    raise AssertionError("a rewritten place was still compact")


def _round(text: str, root: Node, registry: Registry) -> str:
    layout = Layout(text)
    taken = Edits(layout)
    for place in compact(root, registry):
        edit = Edits(layout)
        try:
            _FIXES[place.fix](edit, place)
        except NotEditable:
            continue
        taken.add(edit)
    return taken.applied()


def _option(edit: Edits, place: Compact) -> None:
    assert isinstance(place.node, ScalarNode)
    edit.text_to_map(place.node, place.key, place.owner, f"{place.name}: ", "")


def _format(edit: Edits, place: Compact) -> None:
    assert isinstance(place.node, ScalarNode)
    edit.text_to_map(place.node, place.key, place.owner, "", ": {}")


def _wrap(edit: Edits, place: Compact) -> None:
    assert place.key is not None
    assert place.owner is not None
    edit.wrap(place.key, place.node, place.owner, place.name)


def _rename(edit: Edits, place: Compact) -> None:
    assert place.key is not None
    edit.replace(edit.begin(place.key), edit.end(place.key), place.name)


def _rest(edit: Edits, place: Compact) -> None:
    assert place.key is not None
    edit.take_rest(place.key, place.node, place.rest)


def _under(edit: Edits, place: Compact) -> None:
    assert place.key is not None
    assert place.owner is not None
    source = place.owner.get("from")
    assert isinstance(source, MapNode)
    assert isinstance(place.node, ListNode | ScalarNode | MapNode)
    edit.move_into(place.key, place.node, source, place.owner)


_FIXES: Final[dict[Fix, Callable[[Edits, Compact], None]]] = {
    Fix.OPTION: _option,
    Fix.FORMAT: _format,
    Fix.WRAP: _wrap,
    Fix.RENAME: _rename,
    Fix.REST: _rest,
    Fix.UNDER: _under,
}
