"""``doTry``: catches failures of its steps, as a programming language does (Camel's Do Try, doCatch and doFinally).

Meaning is that of Camel's TryProcessor, CatchProcessor and FinallyProcessor, held against recorded behaviour:

* The steps inside, of the clauses too, have no error handler. A failure that no clause takes is not given to the route's own error handler but to
  the block that the doTry stands in, or to the caller.
* The first clause that fits is taken; the causes of a failure count as well.
* The finally clause does not run after a ``stop``, but runs after a failure that a called route has handled. A failure in it counts only if
  there was none before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from esb.eip._sending import TO_ENDPOINT
from esb.eip._told import told
from esb.eip.rollback import ROLLED_BACK
from esb.errors import OptionError, UnknownName, did_you_mean
from esb.exchange import Exchange
from esb.expression import Predicate
from esb.fields import Kind, Spec, field
from esb.javanames import THROWN, caught_by
from esb.program import Program, Step
from esb.step import Builder, StepSpec, unguarded

CAUGHT = "CamelExceptionCaught"
FAILURE_ENDPOINT = "CamelFailureEndpoint"
FAILURE_ROUTE = "CamelFailureRouteId"


class CatchSpec(Spec):
    """What is done about failures of some classes."""

    name = "doCatch"
    id = field(Kind.TEXT, None, doc="Name of the clause.")
    description = field(Kind.TEXT, None, doc="What the clause is for.")
    note = field(Kind.TEXT, None, doc="A remark for people.")
    disabled = field(Kind.BOOL, False, doc="Leave the clause out.")
    exception = field(
        Kind.NAMES,
        (),
        doc="Classes: Java names we know, Python ones, or ``package.module:Name``.",
        example="[java.io.IOException]",
    )
    on_when = field(
        Kind.EXPRESSION,
        None,
        doc="Only if this holds too.",
        example="{simple: \"${exception.message} contains 'locked'\"}",
    )
    steps = field(Kind.STEPS, (), doc="What is done.")

    def sentence(self) -> str:
        """The clause in a line."""
        return f"if it fails with {', '.join(self.exception)}" + (f" and {told(self.on_when)}" if self.on_when else "")


class FinallySpec(Spec):
    """What is done in the end, with or without a failure."""

    name = "doFinally"
    id = field(Kind.TEXT, None, doc="Name of the clause.")
    description = field(Kind.TEXT, None, doc="What the clause is for.")
    note = field(Kind.TEXT, None, doc="A remark for people.")
    disabled = field(Kind.BOOL, False, doc="Leave the clause out.")
    steps = field(Kind.STEPS, (), doc="What is done.")

    def sentence(self) -> str:
        """The clause in a line."""
        return "in the end"


class DoTrySpec(StepSpec):
    """Try steps, catch their failures, and do something in the end. After a failure that was caught the route goes on behind the block."""

    name = "doTry"
    steps = field(Kind.STEPS, (), doc="What is tried.")
    do_catch = field(Kind.SPECS, (), spec=CatchSpec, doc="What is done about failures: the first clause that fits.")
    do_finally = field(Kind.SPEC, None, spec=FinallySpec, doc="What is done in the end.")

    def build(self, builder: Builder) -> Step:
        if not self.steps:
            raise OptionError("'doTry' has no steps", self.at, "indent the steps it is for below 'steps:'")
        body = builder.program(self.steps, in_try=True)
        clauses = tuple(_clause(builder, spec) for spec in self.do_catch if not spec.disabled)
        last = self.do_finally
        finish = builder.program(last.steps, in_try=True) if last and not last.disabled and last.steps else None

        def do_try(exchange: Exchange) -> None:
            error: Exception | None = None
            exchange.guards += 1
            try:
                body(exchange)
            except Exception as raised:
                error = raised
            finally:
                exchange.guards -= 1
            if error is not None:
                error = _catch(exchange, error, clauses)
            if exchange.halted and not exchange.handled and ROLLED_BACK not in exchange.properties:
                if error is not None:
                    raise error
                return
            error = _finish(exchange, error, finish)
            if error is not None:
                raise error

        return unguarded(do_try)

    def sentence(self) -> str:
        caught = ", ".join(name.rpartition(".")[2] for clause in self.do_catch for name in clause.exception)
        return f"try, catching {caught}" if caught else "try"


@dataclass(frozen=True, slots=True)
class _Clause:
    catches: tuple[type[BaseException], ...]
    when: Predicate | None
    steps: Program

    def fits(self, exchange: Exchange, error: Exception) -> bool:
        return any(
            isinstance(one, self.catches) and (self.when is None or self.when(exchange)) for one in _chain(error)
        )


def _clause(builder: Builder, spec: CatchSpec) -> _Clause:
    if not spec.exception:
        raise OptionError("'doCatch' needs 'exception'", spec.at, "name the classes, such as [java.lang.Exception]")
    catches: list[type[BaseException]] = []
    for name in spec.exception:
        known = caught_by(name)
        if known is None:
            hint = did_you_mean(name, THROWN) or "use a Java name we know, a Python one, or 'package.module:Name'"
            raise UnknownName("exception class", name, THROWN, spec.at, hint)
        catches += known
    when = builder.predicate(spec.on_when) if spec.on_when else None
    return _Clause(tuple(catches), when, builder.program(spec.steps, in_try=True))


def _catch(exchange: Exchange, error: Exception, clauses: tuple[_Clause, ...]) -> Exception | None:
    """Run the first clause that fits; the failure that is left, if any."""
    properties = exchange.properties
    properties[CAUGHT] = error
    properties.setdefault(FAILURE_ENDPOINT, properties.get(TO_ENDPOINT))
    properties[FAILURE_ROUTE] = exchange.route
    clause = next((clause for clause in clauses if clause.fits(exchange, error)), None)
    if clause is None:
        return error
    exchange.error = None
    exchange.exhausted = False
    try:
        clause.steps(exchange)
    except Exception as another:
        properties[CAUGHT] = another
        return another
    finally:
        exchange.exhausted = False
    # A rollback may be looked at, but not undone.
    return error if getattr(error, "rollback", False) else None


def _finish(exchange: Exchange, error: Exception | None, finish: Program | None) -> Exception | None:
    if finish is not None:
        halted, exhausted = exchange.halted, exchange.exhausted
        exchange.halted = exchange.exhausted = False
        try:
            finish(exchange)
        except Exception as last:
            if error is None:
                return last
        finally:
            exchange.halted = exchange.halted or halted
            exchange.exhausted = exchange.exhausted or exhausted
    if error is None:
        exchange.properties.pop(FAILURE_ENDPOINT, None)
        exchange.properties.pop(FAILURE_ROUTE, None)
    else:
        exchange.properties[CAUGHT] = error
    return error


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        yield current
        seen.add(id(current))
        current = current.__cause__
