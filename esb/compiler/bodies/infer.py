"""Follows the body through the steps of routes and tells where an endpoint cannot take what a step made.

Only what is certain is told: a step that is not known here makes the body unknown. A call of a ``direct:`` route goes on inside it with the caller's
body. Findings stand at the step that made the body, since that is where it is put right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from esb.compiler.bodies.literals import shape_of
from esb.dsl.lint.rules import NOT_TAKEN, Finding
from esb.dsl.model import RouteDef, RouteFile
from esb.errors import NOWHERE, ConfigError, EsbError, Position
from esb.fields import Spec
from esb.shapes import UNKNOWN, Checked, Scalar, Shape
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
_DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class Body:
    """What is known of the body, and where it was made."""

    shape: Shape = UNKNOWN
    at: Position = NOWHERE
    ended: bool = False
    """No message gets here."""


NOTHING: Final = Body()


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
        self._ends: dict[tuple[int, Position, type], Body] = {}
        self._found: dict[str, Finding] = {}
        self._types: Mapping[str, Callable[[Any, Body], Body]] = {
            "setBody": self._set_body,
            "transform": self._set_body,
            "to": self._to,
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
                start = Body(_known(endpoint.brings), route.spec.from_.at)
            end = self._route(route, start)
            if isinstance(endpoint, Checked) and not end.ended:
                self._tell(
                    _asked(endpoint.takes_back, end.shape), end, f"{endpoint.uri}, which answers with it,", NOWHERE
                )
        return list(self._found.values())

    def _route(self, route: RouteDef, body: Body) -> Body:
        if any(route is each for each in self._open) or len(self._open) > _DEEPEST or route.intercepts:
            return NOTHING
        # A route that many call is gone through once for each body it gets: where a body was made says what it is.
        met = (id(route), body.at, type(body.shape))
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
            return body
        if step.name in _ENDS:
            return Body(ended=True)
        inner = getattr(step, "steps", ())
        if step.name in _AROUND:
            return self._steps(inner, body)
        if step.name in _MAYBE:
            return _joined([body, self._steps(inner, body)])
        for steps in _blocks(step):  # each part, branch or turn begins with what nobody knows here
            self._steps(steps, NOTHING)
        return NOTHING

    def _set_body(self, step: Any, body: Body) -> Body:
        _ = body
        return Body(shape_of(step.expression), step.at) if step.expression is not None else NOTHING

    def _unmarshal(self, step: Any, body: Body) -> Body:
        if step.variable_receive:
            return body
        name = getattr(step.data_format, "unmarshal_type", None)
        if step.data_format.name != "json" or not name or getattr(step.data_format, "use_list", False):
            return NOTHING
        return Body(self._data_type(name), step.at)

    def _marshal(self, step: Any, body: Body) -> Body:
        if getattr(step, "variable_receive", None):
            return body
        return Body(Scalar(bytes), step.at) if step.data_format.name == "json" else NOTHING

    def _transform(self, step: Any, body: Body) -> Body:
        _ = body
        if "-" in step.to_type or not self._loads(step):
            return NOTHING
        return Body(self._data_type(step.to_type), step.at)

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
            return Body(Scalar(str), step.at)
        return Body(Scalar(bytes), step.at) if wanted in {"byte[]", "bytes"} else NOTHING

    def _choice(self, step: Any, body: Body) -> Body:
        ends = [self._steps(when.steps, body) for when in step.when if not when.disabled]
        ends.append(
            self._steps(step.otherwise.steps, body)
            if step.otherwise is not None and not step.otherwise.disabled
            else body
        )
        return _joined(ends)

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
            self._tell(_asked(endpoint.takes, body.shape), body, endpoint.uri, where)
            end = Body(_known(endpoint.gives), step.at)
        elif (step.uri or "").startswith(("log:", "mock:")):
            end = body
        if step.variable_receive:
            return body
        return end

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

    def _tell(self, problems: Sequence[str], body: Body, taker: str, sent: Position) -> None:
        if not problems or not body.at.file:
            return
        told = "; ".join(problems[:5]) + (f" (and {len(problems) - 5} more)" if len(problems) > 5 else "")
        finding = Finding(
            NOT_TAKEN,
            f"{taker} does not take the body that is made here: {told}",
            body.at,
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
    alive = [end for end in ends if not end.ended]
    if not alive:
        return Body(ended=True)
    # Two bodies that were made at two places are not one, even if they look alike: a finding needs its place.
    return alive[0] if all(end == alive[0] for end in alive) else NOTHING


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
