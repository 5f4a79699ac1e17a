"""Steps of a route: what a pattern declares, and what it gets to build itself with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from esb.component import Context, Endpoint, Producer
from esb.errors import NOWHERE, ConfigError, Position
from esb.exchange import Exchange
from esb.expression import Expression, LanguageSpec, Predicate
from esb.fields import Kind, Spec, field
from esb.program import Program, Step

Done = Callable[[Exception | None], None]


class Builder(Protocol):
    """What a step may ask for while it is built. One a list of steps; not used after the route is built."""

    context: Context
    route_id: str
    tail: bool
    """Whether the step being built is the last thing the exchange does here: only then may a send be pipelined."""
    in_try: bool
    """Whether failures of this step go to a doTry (and so to no error handler)."""
    log_mask: bool
    """Whether the route wants secrets hidden in log lines."""

    def program(
        self, steps: Sequence[StepSpec], *, tail: bool = False, in_try: bool | None = None, handled: bool = True
    ) -> Program:
        """Compile nested steps. They get the route's error handler, unless ``in_try`` or not ``handled``."""

    def late_failure(self) -> Callable[[Exchange, Exception], None]:
        """For a pipelined send: what to call, in any thread, when the step being built fails after it has returned.

        Gives the failure to the error handler at this very step, on a thread of the context, and releases the unit's hold with the outcome.
        """

    def expression(self, spec: LanguageSpec) -> Expression:
        """Compile an expression once."""

    def predicate(self, spec: LanguageSpec) -> Predicate:
        """Compile a predicate once."""

    def producer(self, uri: str, parameters: Mapping[str, Any] | None = None, at: Position = NOWHERE) -> Producer:
        """The producer of an endpoint that is known now; started and stopped with the route."""

    def dynamic(self, at: Position = NOWHERE, *, cache_size: int = 1000, scheme: str = "") -> Callable[[str], Producer]:
        """Producers by a URI known per message (toD, recipientList): cached, started on first use, stopped with the route.

        The URI may use only ``scheme`` (which the route's author wrote) and those that the context allows for dynamic endpoints, since data
        may fill the rest; raises ReferenceFault otherwise.
        """

    def endpoint(self, uri: str, parameters: Mapping[str, Any] | None = None, at: Position = NOWHERE) -> Endpoint:
        """The endpoint itself (pollEnrich)."""

    def dynamic_endpoint(self, at: Position = NOWHERE, *, schemes: Sequence[str] = ()) -> Callable[[str], Endpoint]:
        """Endpoints by a URI known per message (pollEnrich): with the same rule for schemes as :meth:`dynamic`."""

    def reference(self, text: str, at: Position = NOWHERE, *, kind: str = "bean") -> Any:
        """What a reference names: ``#bean:x``, ``#class:a.B`` (Java names by the table of aliases), ``#type:...``, or a plain bean name."""

    def background(self, program: Callable[[], None]) -> None:
        """Run something on the context's shared threads."""

    def finding(self, error: ConfigError) -> None:
        """Note a finding and go on, so that one load tells all of them."""

    def on_start(self, call: Callable[[], None]) -> None:
        """Call when the route starts."""

    def on_stop(self, call: Callable[[], None]) -> None:
        """Call when the route stops, after its consumer."""


class StepSpec(Spec):
    """A step as written. One pattern is one class in one file of ``esb.eip``; ``name`` is its key in YAML."""

    id = field(Kind.TEXT, None, doc="Name of the step: shown in logs, history and descriptions.")
    description = field(Kind.TEXT, None, doc="What the step is for.")
    note = field(Kind.TEXT, None, doc="A remark for people.")
    disabled = field(Kind.BOOL, False, doc="Leave the step out.")

    def build(self, builder: Builder) -> Step | None:
        """Make the callable that runs per message. Everything that can be known now is done now. None leaves the step out."""
        raise NotImplementedError(self.name)

    def sentence(self) -> str:
        """One line that says what this step does, for ``esb describe``."""
        return self.name


def ends_route(step: Step) -> Step:
    """Mark a compiled step after which nothing runs (stop, throwException): steps after it are unreachable."""
    step.ends_route = True  # type: ignore[attr-defined]  # a note on a function for the linter
    return step


def unguarded(step: Step) -> Step:
    """Mark a compiled step that has no error handler of its own around it (doTry): its failure goes to the block it stands in, or to the caller."""
    step.unguarded = True  # type: ignore[attr-defined]  # a note on a function for the program loop
    return step
