"""Expressions as shapes: texts that stand as they are, parts of the body, and Python expressions that write maps and lists out."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from esb.compiler.bodies.paths import at, item_of, path_of
from esb.expression import LanguageSpec
from esb.shapes import UNKNOWN, Constant, Fixed, Items, Member, Record, Scalar, Shape, merged

_CALLS: Final = {"str": str, "int": int, "float": float, "bool": bool, "bytes": bytes, "Decimal": Decimal, "len": int}

_MUTATORS: Final = re.compile(
    r"\.\s*(?:update|pop|popitem|clear|setdefault|append|extend|insert|remove|sort|reverse|__\w+__)\s*\(|:=|\bset(?:attr|item)\b|\bdel\b"
)

Names = Mapping[str, Shape]


def shape_of(expression: LanguageSpec, body: Shape = UNKNOWN) -> Shape:
    """The shape of an expression's value, where the body has that shape; unknown for most."""
    if expression.result_type:
        return UNKNOWN
    path = path_of(expression)
    if path is not None:
        return at(body, path, fails=expression.name != "simple")
    if expression.name == "constant":
        return Constant(expression.text)
    if expression.name == "simple" and not any(sign in expression.text for sign in ("${", "$simple{", "resource:")):
        return Constant(expression.text)
    if expression.name == "python":
        try:
            known = {} if mutates(expression) else {"body": body}
            return _of_node(ast.parse(expression.text, mode="eval").body, known)
        except (SyntaxError, ValueError, RecursionError):
            return UNKNOWN  # the load tells
    return UNKNOWN


def mutates(expression: LanguageSpec) -> bool:
    """Whether an expression may change the body that it reads."""
    return expression.name == "python" and bool(_MUTATORS.search(expression.text))


def _of_node(node: ast.expr, names: Names) -> Shape:
    known = _NODES.get(type(node))
    return known(node, names) if known is not None else UNKNOWN


def _constant(node: ast.Constant, _: Names) -> Shape:
    return UNKNOWN if node.value is None or node.value is Ellipsis else Constant(node.value)


def _name(node: ast.Name, names: Names) -> Shape:
    return names.get(node.id, UNKNOWN)


def _dict(node: ast.Dict, names: Names) -> Shape:
    """What is merged in (``**``) may replace a value that stands before it, and what stands behind it replaces its own."""
    members: dict[str, Member] = {}
    complete = True
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            members[key.value] = Member(_of_node(value, names))
            continue
        more = _of_node(value, names) if key is None else UNKNOWN
        if isinstance(more, Record):
            for name, member in more.members.items():
                before = members.get(name)
                if member.always or before is None:
                    members[name] = member
                else:
                    members[name] = Member(merged(before.shape, member.shape), before.always)
        if not isinstance(more, Record) or more.open:
            complete = False
            known = more.members if isinstance(more, Record) else {}
            members = {name: each if name in known else Member(UNKNOWN, each.always) for name, each in members.items()}
    return Record(members, open=not complete)


def _list(node: ast.List | ast.Tuple, names: Names) -> Shape:
    if any(isinstance(item, ast.Starred) for item in node.elts):
        return Items(UNKNOWN)
    return Fixed(tuple(_of_node(item, names) for item in node.elts))


def _comprehension(node: ast.ListComp, names: Names) -> Shape:
    inner = dict(names)
    for each in node.generators:
        for target in ast.walk(each.target):
            if isinstance(target, ast.Name):
                inner[target.id] = UNKNOWN
        if isinstance(each.target, ast.Name):
            inner[each.target.id] = item_of(_of_node(each.iter, names if each is node.generators[0] else inner))
    return Items(_of_node(node.elt, inner))


def _subscript(node: ast.Subscript, names: Names) -> Shape:
    if isinstance(node.slice, ast.Constant) and type(node.slice.value) in {str, int}:
        return at(_of_node(node.value, names), (node.slice.value,), fails=True)
    return UNKNOWN


def _either(node: ast.IfExp, names: Names) -> Shape:
    return merged(_of_node(node.body, names), _of_node(node.orelse, names))


def _call(node: ast.Call, _: Names) -> Shape:
    if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        return Scalar(_CALLS[node.func.id])
    return UNKNOWN


_NODES: Final[dict[type, Callable[..., Shape]]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Dict: _dict,
    ast.List: _list,
    ast.Tuple: _list,
    ast.ListComp: _comprehension,
    ast.Subscript: _subscript,
    ast.JoinedStr: lambda _node, _names: Scalar(str),
    ast.IfExp: _either,
    ast.Call: _call,
}
