"""Expressions as shapes: texts that stand as they are, and Python expressions that write maps and lists out."""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from esb.expression import LanguageSpec
from esb.shapes import UNKNOWN, Constant, Fixed, Items, Member, Record, Scalar, Shape, merged

_CALLS: Final = {"str": str, "int": int, "float": float, "bool": bool, "bytes": bytes, "Decimal": Decimal, "len": int}


def shape_of(expression: LanguageSpec) -> Shape:
    """The shape of an expression's value; unknown for most."""
    if expression.result_type:
        return UNKNOWN
    if expression.name == "constant":
        return Constant(expression.text)
    if expression.name == "simple" and not any(sign in expression.text for sign in ("${", "$simple{", "resource:")):
        return Constant(expression.text)
    if expression.name == "python":
        try:
            return _of_node(ast.parse(expression.text, mode="eval").body)
        except (SyntaxError, ValueError, RecursionError):
            return UNKNOWN  # the load tells
    return UNKNOWN


def _of_node(node: ast.expr) -> Shape:
    known = _NODES.get(type(node))
    return known(node) if known is not None else UNKNOWN


def _constant(node: ast.Constant) -> Shape:
    return UNKNOWN if node.value is None or node.value is Ellipsis else Constant(node.value)


def _dict(node: ast.Dict) -> Shape:
    members: dict[str, Member] = {}
    complete = True
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            members[key.value] = Member(_of_node(value))
        else:  # **other, or a key that is known per message
            complete = False
    # What is merged in may replace a value that stands before it.
    return Record(members, open=False) if complete else Record({key: Member(UNKNOWN) for key in members}, open=True)


def _list(node: ast.List | ast.Tuple) -> Shape:
    if any(isinstance(item, ast.Starred) for item in node.elts):
        return Items(UNKNOWN)
    return Fixed(tuple(_of_node(item) for item in node.elts))


def _either(node: ast.IfExp) -> Shape:
    return merged(_of_node(node.body), _of_node(node.orelse))


def _call(node: ast.Call) -> Shape:
    if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        return Scalar(_CALLS[node.func.id])
    return UNKNOWN


_NODES: Final[dict[type, Callable[..., Shape]]] = {
    ast.Constant: _constant,
    ast.Dict: _dict,
    ast.List: _list,
    ast.Tuple: _list,
    ast.ListComp: lambda node: Items(_of_node(node.elt)),
    ast.JoinedStr: lambda _node: Scalar(str),
    ast.Compare: lambda _node: UNKNOWN,
    ast.IfExp: _either,
    ast.Call: _call,
}
