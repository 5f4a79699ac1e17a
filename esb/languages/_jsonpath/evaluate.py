"""Tokens to closures. One closure a token, each holding the next; filters are closures on an item.

A closure is called as ``(model, where, run)``: the value it stands at, the text of the path to it (None unless paths are asked for), and the
evaluation, which collects results and counts steps. Compiled paths hold no state, so they are thread-safe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from esb.languages._jsonpath import operators
from esb.languages._jsonpath.errors import InvalidPathException, JsonPathException, PathNotFoundException
from esb.languages._jsonpath.functions import FUNCTIONS
from esb.languages._jsonpath.operators import UNDEFINED
from esb.languages._jsonpath.tokens import (
    Comparison,
    Condition,
    Exists,
    Filter,
    Function,
    Index,
    Literal,
    Logical,
    Negation,
    Pattern,
    Property,
    Scan,
    Slice,
    Subpath,
    Token,
    Value,
    Wildcard,
    definite,
    definite_at,
    definite_before,
    text_of,
)

MAX_STEPS: Final = 10_000_000
"""Values visited by one evaluation: some seconds. A path such as ``$..*..*`` on a large document stops here."""


class Run:
    """One evaluation on one document."""

    __slots__ = ("leaf_to_null", "paths", "require", "results", "root", "steps", "suppress")

    def __init__(self, root: Any, *, suppress: bool, require: bool, leaf_to_null: bool) -> None:
        self.root = root
        self.results: list[Any] = []
        self.paths: list[str | None] = []
        self.steps = MAX_STEPS
        self.suppress = suppress
        self.require = require
        self.leaf_to_null = leaf_to_null

    def spend(self, steps: int) -> None:
        """Count values visited. Raises JsonPathException when the evaluation is too large."""
        self.steps -= steps
        if self.steps < 0:
            raise JsonPathException(
                f"the evaluation visits more than {MAX_STEPS} values: narrow the path, above all its '..'"
            )

    def inner(self, *, require: bool) -> Run:
        """An evaluation for a path in a filter or parameter; shares the bound through :meth:`spend` of both."""
        run = Run(self.root, suppress=False, require=require, leaf_to_null=self.leaf_to_null and not require)
        run.steps = self.steps
        return run


Step = Callable[[Any, str | None, Run], None]
Test = Callable[[Any, Run], bool]


def _collect(model: Any, where: str | None, run: Run) -> None:
    run.results.append(model)
    run.paths.append(where)


def compile_tokens(tokens: tuple[Token, ...]) -> Step:
    """The closure for a whole path; it is called with the document. Raises InvalidPathException for an unknown function."""
    step: Step = _collect
    for place in reversed(range(len(tokens))):
        step = _compile(tokens, place, step)
    return step


def _compile(tokens: tuple[Token, ...], place: int, then: Step) -> Step:
    token = tokens[place]
    match token:
        case Property(names):
            if len(names) > 1 and place == len(tokens) - 1:
                return _merge(names, tokens, place)
            if len(names) > 1:
                return _each([_property(name, tokens, place, then) for name in names], tokens, place)
            return _property(names[0], tokens, place, then)
        case Index() | Slice():
            return _items(token, tokens, place, then)
        case Wildcard():
            return _wildcard(then)
        case Filter(condition):
            return _filter(_condition(condition), then, definite_before(tokens, place))
        case Function():
            return _function(token, then)
        case Scan():
            return _scan(tokens, place, then)


def _no_object(tokens: tuple[Token, ...], place: int, model: Any) -> PathNotFoundException:
    kind = {dict: "a map", list: "a list", str: "a text", type(None): "null"}.get(type(model), "a plain value")
    name = tokens[place]
    named = ", ".join(map(repr, name.names)) if isinstance(name, Property) else ""
    return PathNotFoundException(f"{text_of(tokens[:place])} is {kind}, so that it has no {named}")


def _property(name: str, tokens: tuple[Token, ...], place: int, then: Step) -> Step:
    leaf = place == len(tokens) - 1
    upstream = definite_before(tokens, place)
    certain = upstream and definite_at(tokens, place)
    missing = f"{'no results for path' if leaf else 'missing property in path'}: {text_of(tokens[:place])}['{name}']"

    def step(model: Any, where: str | None, run: Run) -> None:
        if not isinstance(model, dict):
            if upstream and not run.suppress:
                raise _no_object(tokens, place, model)
            return
        value = model.get(name, UNDEFINED)
        if value is UNDEFINED:
            if leaf and run.leaf_to_null:
                value = None
            elif run.suppress or not (run.require or (certain and not leaf)):
                return
            else:
                raise PathNotFoundException(missing)
        then(value, None if where is None else f"{where}['{name}']", run)

    return step


def _each(steps: list[Step], tokens: tuple[Token, ...], place: int) -> Step:
    upstream = definite_before(tokens, place)

    def step(model: Any, where: str | None, run: Run) -> None:
        if not isinstance(model, dict) and upstream and not run.suppress:
            raise _no_object(tokens, place, model)
        for one in steps:
            one(model, where, run)

    return step


def _merge(names: tuple[str, ...], tokens: tuple[Token, ...], place: int) -> Step:
    """Several names at the end give one map of those that are there."""
    upstream = definite_before(tokens, place)
    fragment = "[" + ", ".join(f"'{name}'" for name in names) + "]"

    def step(model: Any, where: str | None, run: Run) -> None:
        if not isinstance(model, dict):
            if upstream and not run.suppress:
                raise _no_object(tokens, place, model)
            return
        merged: dict[str, Any] = {}
        for name in names:
            if name in model:
                merged[name] = model[name]
            elif run.leaf_to_null:
                merged[name] = None
            elif run.require:
                raise PathNotFoundException(f"missing property in path: {text_of(tokens[:place])}{fragment}")
        _collect(merged, None if where is None else where + fragment, run)

    return step


def _items(token: Index | Slice, tokens: tuple[Token, ...], place: int, then: Step) -> Step:
    upstream = definite_before(tokens, place)
    where_to = text_of(tokens[:place])
    wanted = _slice(token) if isinstance(token, Slice) else lambda _: token.numbers

    def step(model: Any, where: str | None, run: Run) -> None:
        if not isinstance(model, (list, tuple)):
            if upstream and not run.suppress:
                raise PathNotFoundException(f"{where_to} is no list, so that it has no {text_of((token,))[1:]}")
            return
        size = len(model)
        for number in wanted(size):
            if -size <= number < size:
                run.spend(1)
                then(model[number], None if where is None else f"{where}[{number}]", run)

    return step


def _slice(token: Slice) -> Callable[[int], range]:
    """Which indexes a slice names in a list of a size, with Jayway's reading of negative ends."""
    start, stop = token.start, token.stop
    if stop is None:
        first = start or 0
        return lambda size: range(max(0, first + size if first < 0 else first), size)
    if start is None:
        last = stop
        return lambda size: range(min(size, last + size if last < 0 else last))
    begin, end = start, stop
    return lambda size: range(begin, min(size, end))


def _wildcard(then: Step) -> Step:
    def step(model: Any, where: str | None, run: Run) -> None:
        if isinstance(model, dict):
            run.spend(len(model))
            for name, value in model.items():
                _passing(then, value, None if where is None else f"{where}['{name}']", run)
        elif isinstance(model, (list, tuple)):
            run.spend(len(model))
            for number, value in enumerate(model):
                _passing(then, value, None if where is None else f"{where}[{number}]", run)

    return step


def _passing(then: Step, value: Any, where: str | None, run: Run) -> None:
    try:
        then(value, where, run)
    except PathNotFoundException:
        if run.require:
            raise


def _filter(test: Test, then: Step, upstream: bool) -> Step:
    def step(model: Any, where: str | None, run: Run) -> None:
        if isinstance(model, dict):
            run.spend(1)
            if test(model, run):
                then(model, where, run)
        elif isinstance(model, (list, tuple)):
            for number, item in enumerate(model):
                run.spend(1)
                if test(item, run):
                    then(item, None if where is None else f"{where}[{number}]", run)
        elif upstream:
            raise InvalidPathException("a filter cannot be applied to a plain value")

    return step


def _function(token: Function, then: Step) -> Step:
    call = FUNCTIONS.get(token.name)
    if call is None:
        raise InvalidPathException(f"there is no function {token.name}(); known: {', '.join(FUNCTIONS)}")
    parameters = [_parameter(one, token.name) for one in token.parameters]

    def step(model: Any, where: str | None, run: Run) -> None:
        value = call(model, [one(model, run) for one in parameters])
        then(value, None if where is None else f"{where}.{token.name}", run)

    return step


def _parameter(given: Literal | Subpath, function: str) -> Callable[[Any, Run], Any]:
    if isinstance(given, Literal):
        value = given.value
        return lambda _model, _run: value
    tokens = given.tokens
    if function in {"length", "size"} and not definite(tokens):
        tokens = (*tokens, Wildcard())  # the length of what a scan finds is that of all its items together
    return _read(Subpath(tokens, root=True))  # a parameter's path starts at the document whatever it begins with


def _scan(tokens: tuple[Token, ...], place: int, then: Step) -> Step:
    """``..``: the next token is applied to every map and list below, from the outside in."""
    applies = _applies(tokens[place + 1] if place + 1 < len(tokens) else None, place + 2 >= len(tokens))

    def step(model: Any, where: str | None, run: Run) -> None:
        waiting: list[tuple[Any, str | None]] = [
            (model, where)
        ]  # an own stack: documents may nest deeper than Python calls
        while waiting:
            value, here = waiting.pop()
            run.spend(1)
            if isinstance(value, dict):
                children = [
                    (child, None if here is None else f"{here}['{name}']")
                    for name, child in value.items()
                    if isinstance(child, (dict, list, tuple))
                ]
            elif isinstance(value, (list, tuple)):
                children = [
                    (child, None if here is None else f"{here}[{number}]")
                    for number, child in enumerate(value)
                    if isinstance(child, (dict, list, tuple))
                ]
            else:
                continue
            if applies(value, run):
                then(value, here, run)
            children.reverse()
            waiting.extend(children)

    return step


def _applies(token: Token | None, leaf: bool) -> Test:
    match token:
        case Property(names):
            if len(names) > 1 and not leaf:
                return lambda model, _: isinstance(model, dict)
            return lambda model, run: (
                isinstance(model, dict) and ((leaf and run.leaf_to_null) or all(name in model for name in names))
            )
        case Index() | Slice():
            return lambda model, _: isinstance(model, (list, tuple))
        case Filter(condition):
            # A list is filtered when the list itself passes; its maps are met one by one further down.
            return _condition(condition)
        case Wildcard():
            return lambda _model, _run: True
        case _:
            return lambda _model, _run: False


def _condition(condition: Condition) -> Test:
    match condition:
        case Logical(every, parts):
            tests = tuple(_condition(part) for part in parts)
            if every:
                return lambda item, run: all(test(item, run) for test in tests)
            return lambda item, run: any(test(item, run) for test in tests)
        case Negation(part):
            test = _condition(part)
            return lambda item, run: not test(item, run)
        case Exists(path):
            return _exists(path)
        case Comparison():
            return _comparison(condition)


def _comparison(condition: Comparison) -> Test:
    left, right = condition.left, condition.right
    if condition.operator == "=~":
        if isinstance(left, Pattern) == isinstance(right, Pattern):
            return lambda _item, _run: False
        pattern, other = (left, right) if isinstance(left, Pattern) else (right, left)
        assert isinstance(pattern, Pattern)
        matches = operators.matcher(pattern.expression, pattern.flags)
        value = _value(other)
        return lambda item, run: matches(value(item, run))
    compare = operators.BINARY[condition.operator]
    one, two = _value(left), _value(right)
    return lambda item, run: compare(one(item, run), two(item, run))


def _value(value: Value) -> Callable[[Any, Run], Any]:
    match value:
        case Literal(known):
            return lambda _item, _run: known
        case Pattern():
            return lambda _item, _run: UNDEFINED
        case Subpath(tokens, False) if (
            len(tokens) == 1 and isinstance(tokens[0], Property) and len(tokens[0].names) == 1
        ):
            name = tokens[0].names[0]  # @.name: by far the usual case
            return lambda item, run: (
                item.get(name, None if run.leaf_to_null else UNDEFINED) if isinstance(item, dict) else UNDEFINED
            )
        case Subpath():
            read = _read(value)

            def found(item: Any, run: Run) -> Any:
                try:
                    return read(item, run)
                except PathNotFoundException:
                    return UNDEFINED

            return found


def _read(path: Subpath) -> Callable[[Any, Run], Any]:
    step = compile_tokens(path.tokens)
    single = definite(path.tokens)

    def read(item: Any, run: Run) -> Any:
        inner = run.inner(require=False)
        try:
            step(run.root if path.root else item, None, inner)
        finally:
            run.steps = inner.steps
        if not single:
            return inner.results
        if not inner.results:
            raise PathNotFoundException(f"no results for path: {text_of(path.tokens)}")
        return inner.results[-1]

    return read


def _exists(path: Subpath) -> Test:
    step = compile_tokens(path.tokens)
    single = definite(path.tokens)

    def test(item: Any, run: Run) -> bool:
        inner = run.inner(require=True)
        try:
            # On the item even for a path that begins with $: so Jayway, as recorded.
            step(item, None, inner)
            there = bool(inner.results) or not single
        except PathNotFoundException:
            there = False
        finally:
            run.steps = inner.steps
        return there != path.negated

    return test
