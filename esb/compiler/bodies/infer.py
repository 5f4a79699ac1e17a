"""Follows the body through the steps of routes and tells where an endpoint cannot take what a step made.

Only what is certain is told: a step that is not known here makes the body unknown. Branches make several bodies of one; what fails for some of them
is a warning. A call of a ``direct:`` route goes on inside it with the caller's body. Findings stand at the step that made the body, since that is
where it is put right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from esb.compiler.bodies.literals import mutates, shape_of
from esb.compiler.bodies.paths import item_of, path_of
from esb.dsl.lint.rules import NOT_TAKEN, SOMETIMES_NOT_TAKEN, Finding
from esb.dsl.model import RouteDef, RouteFile
from esb.errors import NOWHERE, ConfigError, EsbError, Position
from esb.expression import LanguageSpec
from esb.fields import Spec
from esb.shapes import UNKNOWN, Checked, Constant, Items, Member, Record, Scalar, Shape
from esb.step import StepSpec

_KEEP: Final = frozenset(
    {
        *("setHeader", "setHeaders", "setProperty", "setVariable", "setVariables"),
        *("removeHeader", "removeHeaders", "removeProperty", "removeProperties", "removeVariable"),
        *(
            "convertHeaderTo",
            "convertVariableTo",
            "setExchangePattern",
            "log",
            "delay",
            "throttle",
            "wireTap",
            "inputType",
        ),
    }
)
"""Steps after which the body is what it was."""
_ENDS: Final = frozenset({"stop", "throwException", "rollback"})
_AROUND: Final = frozenset({"pipeline", "step", "threads"})
"""Blocks whose steps run once, on the message itself."""
_MAYBE: Final = frozenset({"filter", "idempotentConsumer"})
"""Blocks that run once or not at all."""
_ROWS: Final = frozenset({"csv", "fixed"})
_TYPED: Final = frozenset({"json", "cbor", "xml", "jacksonXml"})
_DEEPEST: Final = 20
_MOST_WAYS: Final = 8


@dataclass(frozen=True, slots=True)
class Way:
    """What is known of one body, and where it was made."""

    shape: Shape = UNKNOWN
    at: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Body:
    """What the body may be at a place: one of these; there are none where no message gets."""

    ways: tuple[Way, ...] = (Way(),)

    @property
    def ended(self) -> bool:
        """Whether no message gets here."""
        return not self.ways

    def then(self, change: Callable[[Way], Way]) -> Body:
        """What it is after a step."""
        return _of_ways(change(way) for way in self.ways)

    def key(self) -> str:
        """What tells it from others."""
        return repr(self.ways)


NOTHING: Final = Body()
NOBODY: Final = Body(())


def _made(shape: Shape, at: Position) -> Body:
    return Body((Way(shape, at),))


class Inference:
    """One pass over the routes of a context. Not thread-safe."""

    def __init__(self, context: Any, files: Sequence[RouteFile]) -> None:
        """``context`` makes endpoints and has the service ``datatypes``."""
        self._context = context
        # Interceptors put steps between the others, and configurations bring them from elsewhere: then nobody knows the body here.
        intercepted = any(file.intercepts or file.configurations for file in files)
        self._routes = [] if intercepted else [route for file in files for route in file.routes]
        self._direct = {
            name: route
            for route in self._routes
            if (name := _direct_name(route.spec.from_.uri or "", route.spec.from_.parameters))
        }
        self._open: list[RouteDef] = []
        self._ends: dict[tuple[int, str], Body] = {}
        self._found: dict[str, Finding] = {}
        self._types: Mapping[str, Callable[[Any, Body], Body]] = {
            "setBody": self._set_body,
            "transform": self._set_body,
            "to": self._to,
            "toD": self._to_dynamic,
            "split": self._split,
            "multicast": self._multicast,
            "unmarshal": self._unmarshal,
            "marshal": self._marshal,
            "transformDataType": self._transform,
            "convertBodyTo": self._convert,
            "choice": self._choice,
            "doTry": self._try,
            "validate": lambda _step, body: body,
        }

    def findings(self) -> list[Finding]:
        """All of them, each once."""
        for route in self._routes:
            if route.intercepts:
                continue
            endpoint = self._endpoint(route.spec.from_.uri, route.spec.from_.parameters)
            start = NOTHING
            if isinstance(endpoint, Checked):
                start = _made(_known(endpoint.brings), route.spec.from_.at)
            end = self._route(route, start)
            if isinstance(endpoint, Checked) and not end.ended:
                self._tell(endpoint.takes_back, end, f"{endpoint.uri}, which answers with it,", NOWHERE)
        return list(self._found.values())

    def _route(self, route: RouteDef, body: Body) -> Body:
        if any(route is each for each in self._open) or len(self._open) > _DEEPEST or route.intercepts:
            return NOTHING
        met = (id(route), body.key())  # a route that many call is gone through once for each body it gets
        if met not in self._ends:
            self._open.append(route)
            try:
                self._ends[met] = self._steps(route.steps, body)
            finally:
                self._open.pop()
        return self._ends[met]

    def _steps(self, steps: Sequence[StepSpec], body: Body) -> Body:
        for step in steps:
            if step.disabled:
                continue
            body = self._step(step, body)
            if body.ended:
                break
        return body

    def _step(self, step: StepSpec, body: Body) -> Body:
        known = self._types.get(step.name)
        if known is not None:
            return known(step, body)
        if step.name in _KEEP:
            expression = getattr(step, "expression", None)
            return NOTHING if isinstance(expression, LanguageSpec) and mutates(expression) else body
        if step.name in _ENDS:
            return NOBODY
        inner = getattr(step, "steps", ())
        if step.name in _AROUND:
            return self._steps(inner, body)
        if step.name in _MAYBE:
            return _joined([body, self._steps(inner, body)])
        for steps in _blocks(step):  # each part, branch or turn begins with what nobody knows here
            self._steps(steps, NOTHING)
        return NOTHING

    def _set_body(self, step: Any, body: Body) -> Body:
        expression = step.expression
        if expression is None:
            return NOTHING
        if path_of(expression) == ():
            return body
        return body.then(lambda way: Way(shape_of(expression, way.shape), step.at))

    def _unmarshal(self, step: Any, body: Body) -> Body:
        if step.variable_receive:
            return body
        form = step.data_format
        name = getattr(form, "unmarshal_type", None)
        if form.name in _ROWS:
            return _made(Items(self._row(form, name)), step.at)
        if form.name not in _TYPED or not name:
            return NOTHING
        if getattr(form, "use_list", False):
            return _made(Items(self._data_type(name)), step.at) if form.name in {"json", "cbor"} else NOTHING
        return _made(self._data_type(name), step.at)

    def _row(self, form: Any, name: str | None) -> Shape:
        if name:
            return self._data_type(name) if form.bad_rows != "mark" else UNKNOWN
        if not (form.use_maps or form.use_ordered_maps):
            return Items(UNKNOWN)
        members = {str(each): Member(UNKNOWN, always=False) for each in form.header}
        return Record(members, open=not members or form.ignore_header_case)

    def _marshal(self, step: Any, body: Body) -> Body:
        if getattr(step, "variable_receive", None):
            return body
        return _made(Scalar(bytes), step.at) if step.data_format.name == "json" else NOTHING

    def _transform(self, step: Any, body: Body) -> Body:
        _ = body
        if "-" in step.to_type or not self._loads(step):
            return NOTHING
        return _made(self._data_type(step.to_type), step.at)

    def _loads(self, step: Any) -> bool:
        """Whether a mapping's outcome is held against its target type."""
        if not step.from_type:
            return True
        try:
            mapping = self._context.service("mappings").find(step.from_type, step.to_type, step.at)
        except (EsbError, ConfigError):
            return False
        return getattr(mapping, "validates", True) is True

    def _convert(self, step: Any, body: Body) -> Body:
        _ = body
        wanted = str(getattr(step, "type", "") or "").rpartition(".")[2]
        if wanted in {"String", "str"}:
            return _made(Scalar(str), step.at)
        return _made(Scalar(bytes), step.at) if wanted in {"byte[]", "bytes"} else NOTHING

    def _choice(self, step: Any, body: Body) -> Body:
        ends = [self._steps(when.steps, body) for when in step.when if not when.disabled]
        ends.append(
            self._steps(step.otherwise.steps, body)
            if step.otherwise is not None and not step.otherwise.disabled
            else body
        )
        return _joined(ends)

    def _split(self, step: Any, body: Body) -> Body:
        """The steps get the parts; behind them the message is what it was, unless results are gathered."""
        if step.expression is not None and not step.on_prepare:
            parts = body.then(lambda way: Way(_part_of(shape_of(step.expression, way.shape)), step.at))
            self._steps(step.steps, NOBODY if body.ended else parts)
        else:
            self._steps(step.steps, NOTHING)
        return NOTHING if step.aggregation_strategy else body

    def _multicast(self, step: Any, body: Body) -> Body:
        for each in step.steps:
            self._steps((each,), NOTHING if step.on_prepare else body)
        return NOTHING

    def _try(self, step: Any, body: Body) -> Body:
        ends = [self._steps(step.steps, body)]
        ends += [self._steps(clause.steps, NOTHING) for clause in step.do_catch or ()]
        end = _joined(ends)
        return self._steps(step.do_finally.steps, end) if step.do_finally is not None else end

    def _to(self, step: Any, body: Body) -> Body:
        if step.variable_send or not step.uri:
            return body if step.variable_receive else NOTHING
        name = _direct_name(step.uri, step.parameters)
        if name in self._direct:
            end = self._route(self._direct[name], body)
            return body if step.variable_receive else end
        endpoint = self._endpoint(step.uri, step.parameters)
        end = NOTHING
        if isinstance(endpoint, Checked):
            where = step.where("uri") or step.at
            self._tell(endpoint.takes, body, endpoint.uri, where)
            end = _made(_known(endpoint.gives), step.at)
        elif (step.uri or "").startswith(("log:", "mock:")):
            end = body
        if step.variable_receive:
            return body
        return end

    def _to_dynamic(self, step: Any, body: Body) -> Body:
        """As ``to`` where nothing of the address comes with the message."""
        written = f"{step.uri or ''}{step.parameters or ''}"
        if "${" in written or "language:" in written or "$simple{" in written:
            return body if step.variable_receive else NOTHING
        return self._to(step, body)

    def _endpoint(self, uri: str | None, parameters: Any) -> Any:
        if not uri or "${" in uri:
            return None
        try:
            return self._context.endpoint(uri, parameters, NOWHERE)
        except (EsbError, ConfigError):
            return None  # the load tells

    def _data_type(self, name: str) -> Shape:
        from esb.datatypes.bodyshape import shape_of as of_schema

        try:
            return of_schema(self._context.service("datatypes").type(name, NOWHERE).schema)
        except (EsbError, ConfigError):
            return UNKNOWN

    def _tell(self, ask: Callable[[Shape], Sequence[str]], body: Body, taker: str, sent: Position) -> None:
        told = [(way, _asked(ask, way.shape)) for way in body.ways]
        always = all(problems for _, problems in told)
        for way, problems in told:
            if not problems or not way.at.file:
                continue
            words = "; ".join(problems[:5]) + (f" (and {len(problems) - 5} more)" if len(problems) > 5 else "")
            where = "" if always else ", where it comes this way"
            finding = Finding(
                NOT_TAKEN if always else SOMETIMES_NOT_TAKEN,
                f"{taker} does not take the body that is made here{where}: {words}",
                way.at,
                f"it is sent at {sent}" if sent.file else "",
            )
            self._found.setdefault(str(finding), finding)


def check_bodies(context: Any) -> list[Finding]:
    """The findings about all routes that a context has loaded."""
    return Inference(context, context.files).findings()


def _asked(ask: Callable[[Shape], Sequence[str]], shape: Shape) -> Sequence[str]:
    """What an endpoint says; nothing if it cannot, which the load tells."""
    try:
        return ask(shape)
    except (EsbError, ConfigError):
        return ()


def _known(ask: Callable[[], Shape]) -> Shape:
    try:
        return ask()
    except (EsbError, ConfigError):
        return UNKNOWN


def _joined(ends: Sequence[Body]) -> Body:
    """What a body is behind several branches. Two that were made at two places stay two, even if they look alike: a finding needs its place."""
    return _of_ways(way for end in ends for way in end.ways)


def _of_ways(ways: Iterable[Way]) -> Body:
    found: list[Way] = []
    for way in ways:
        if way not in found:
            found.append(way)
    return Body(tuple(found)) if len(found) <= _MOST_WAYS else NOTHING


def _part_of(shape: Shape) -> Shape:
    """What a split makes of it: a text is cut to texts."""
    text = (isinstance(shape, Constant) and isinstance(shape.value, str)) or shape == Scalar(str)
    return Scalar(str) if text else item_of(shape)


def _blocks(step: Spec) -> Iterator[Sequence[StepSpec]]:
    """All lists of steps below a step that is not followed."""
    for declared in type(step).fields.values():
        value = getattr(step, declared.attribute, None)
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(each, StepSpec):
                yield (each,)
            elif isinstance(each, Spec):
                yield from _blocks(each)


def _direct_name(uri: str, parameters: Mapping[str, Any] | None) -> str:
    scheme, _, path = uri.partition(":")
    if scheme != "direct":
        return ""
    return (path.partition("?")[0].removeprefix("//") or str((parameters or {}).get("name", ""))).strip()
