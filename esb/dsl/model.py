"""What a route file may hold beside steps: routes, error handlers, clauses, templates, beans. Frozen after parsing."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as part
from typing import Any

from esb.dsl.nodes import Node
from esb.errors import Position
from esb.fields import Kind, Spec, field
from esb.step import StepSpec


class RedeliveryPolicySpec(Spec):
    """How often and when a failed step is tried again."""

    name = "redeliveryPolicy"
    id = field(Kind.TEXT, None)
    maximum_redeliveries = field(Kind.INT, None, doc="Tries after the first; -1 is for ever, 0 none.", example="3")
    redelivery_delay = field(Kind.DURATION, None, doc="Time before a further try.", example="1000")
    maximum_redelivery_delay = field(Kind.DURATION, None, doc="Upper bound of the delay.")
    back_off_multiplier = field(Kind.FLOAT, None, doc="Factor from one delay to the next, with useExponentialBackOff.")
    use_exponential_back_off = field(Kind.BOOL, None, doc="Whether delays grow.")
    use_collision_avoidance = field(Kind.BOOL, None, doc="Whether delays are varied at random.")
    collision_avoidance_factor = field(Kind.FLOAT, None, doc="Share of the delay that is varied, 0 to 1.")
    delay_pattern = field(Kind.TEXT, None, doc="Delays by number of the try.", example="1:1000;5:5000")
    disable_redelivery = field(Kind.BOOL, False, doc="Turn the policy off.")
    async_delayed_redelivery = field(Kind.BOOL, None, doc="Accepted; the sender waits either way.")
    allow_redelivery_while_stopping = field(
        Kind.BOOL,
        True,
        doc="Accepted: a stop ends waits between tries, and what a channel brings again goes back to it.",
    )
    retry_attempted_log_level = field(Kind.TEXT, "DEBUG", doc="Accepted without effect.")
    retry_attempted_log_interval = field(Kind.INT, 1, doc="Accepted without effect.")
    retries_exhausted_log_level = field(Kind.TEXT, "ERROR", doc="Accepted without effect.")
    log_retry_attempted = field(Kind.BOOL, True, doc="Accepted without effect.")
    log_exhausted = field(Kind.BOOL, True, doc="Whether it is logged when no try is left.")
    log_exhausted_message_history = field(Kind.BOOL, True, doc="Accepted; the history is in the dead letter.")
    log_exhausted_message_body = field(Kind.BOOL, False, doc="Accepted; a log line never holds a body.")
    log_retry_stack_trace = field(Kind.BOOL, False, doc="Accepted without effect.")
    log_stack_trace = field(Kind.BOOL, True, doc="Accepted without effect.")
    log_handled = field(Kind.BOOL, False, doc="Accepted without effect.")
    log_continued = field(Kind.BOOL, False, doc="Accepted without effect.")
    log_new_exception = field(Kind.BOOL, True, doc="Accepted without effect.")
    exchange_formatter_ref = field(Kind.REF, None, doc="Accepted for Camel's sake; our log lines are structured.")


class DefaultErrorHandlerSpec(Spec):
    """Tries again as its policy says, then gives the failure to the sender."""

    name = "defaultErrorHandler"
    id = field(Kind.TEXT, None)
    redelivery_policy = field(
        Kind.SPEC, None, spec=RedeliveryPolicySpec, doc="How often and when a failed step is tried again."
    )
    redelivery_policy_ref = field(Kind.REF, None, doc="A policy among the beans.")
    on_prepare_failure_ref = field(Kind.REF, None, doc="A processor that prepares the message when no try is left.")
    on_redelivery_ref = field(Kind.REF, None, doc="A processor called before each further try.")
    on_exception_occurred_ref = field(Kind.REF, None, doc="A processor called as soon as a failure happens.")
    retry_while_ref = field(Kind.REF, None, doc="A predicate that decides on further tries.")
    use_original_message = field(Kind.BOOL, False, doc="Hand on the message as it came into the route.")
    use_original_body = field(Kind.BOOL, False, doc="Hand on the body as it came into the route.")
    executor_service_ref = field(Kind.REF, None, doc="Accepted; without effect here.")
    log_name = field(Kind.TEXT, None, doc="Logger for failures.")
    logger_ref = field(Kind.REF, None, doc="Accepted; without effect here.")
    level = field(Kind.TEXT, None, doc="Accepted without effect.")


class DeadLetterChannelSpec(DefaultErrorHandlerSpec):
    """Tries again as its policy says, then sends the message to a dead letter endpoint; the sender sees no failure."""

    name = "deadLetterChannel"
    dead_letter_uri = field(Kind.URI, doc="Where the message goes when no try is left.", example="bus:orders.dead")
    dead_letter_handle_new_exception = field(
        Kind.BOOL, True, doc="Whether a failure on the way to the dead letter endpoint counts as handled."
    )


class NoErrorHandlerSpec(Spec):
    """Failures go to the caller as they are."""

    name = "noErrorHandler"
    id = field(Kind.TEXT, None)


class RefErrorHandlerSpec(Spec):
    """An error handler among the beans."""

    name = "refErrorHandler"
    id = field(Kind.TEXT, None)
    ref = field(Kind.REF, scalar=True, doc="Name of the bean.")


class ErrorHandlerSpec(Spec):
    """The error handler of a route or of all routes of a file: one of its keys."""

    name = "errorHandler"
    id = field(Kind.TEXT, None)
    dead_letter_channel = field(Kind.SPEC, None, spec=DeadLetterChannelSpec, doc="Tries, then a dead letter endpoint.")
    default_error_handler = field(Kind.SPEC, None, spec=DefaultErrorHandlerSpec, doc="Tries, then the sender.")
    no_error_handler = field(Kind.SPEC, None, spec=NoErrorHandlerSpec, doc="Straight to the caller.")
    ref_error_handler = field(Kind.SPEC, None, spec=RefErrorHandlerSpec, doc="One among the beans.")

    one_of = ("dead_letter_channel", "default_error_handler", "no_error_handler", "ref_error_handler")

    @property
    def chosen(self) -> Spec | None:
        """The one handler that was given; the last one, as in Camel, where there are several."""
        given = [name for name in self.places if name in self.one_of] or self.one_of
        return next((found for name in reversed(given) if (found := getattr(self, name)) is not None), None)


class OnExceptionSpec(Spec):
    """What to do about failures of some classes."""

    name = "onException"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False)
    exception = field(Kind.NAMES, (), doc="Classes, by Java names, ours or Python's.", example="[java.io.IOException]")
    on_when = field(Kind.EXPRESSION, None, doc="Only if this holds.")
    retry_while = field(Kind.EXPRESSION, None, doc="Try again while this holds.")
    redelivery_policy = field(
        Kind.SPEC, None, spec=RedeliveryPolicySpec, doc="How often and when the failed step is tried again."
    )
    redelivery_policy_ref = field(Kind.REF, None, doc="A policy among the beans.")
    handled = field(Kind.EXPRESSION, None, doc="Whether the failure ends here: the sender sees no error.")
    continued = field(Kind.EXPRESSION, None, doc="Whether the route goes on with the step after the failed one.")
    on_redelivery_ref = field(Kind.REF, None, doc="A processor called before each further try.")
    on_exception_occurred_ref = field(Kind.REF, None, doc="A processor called as soon as the failure happens.")
    use_original_message = field(Kind.BOOL, False, doc="Give the steps the message as it came into the route.")
    use_original_body = field(Kind.BOOL, False, doc="Give the steps the body as it came into the route.")
    steps = field(Kind.STEPS, (), doc="What is done about the failure.")


class OnCompletionSpec(Spec):
    """Steps that run when an exchange is done."""

    name = "onCompletion"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False)
    mode = field(
        Kind.TEXT,
        "AfterConsumer",
        enum=("AfterConsumer", "BeforeConsumer"),
        doc="Whether it runs after the answer has gone out, or before.",
    )
    on_complete_only = field(Kind.BOOL, False, doc="Only when the route succeeded.")
    on_failure_only = field(Kind.BOOL, False, doc="Only when it failed.")
    on_when = field(Kind.EXPRESSION, None, doc="Only if this holds.")
    parallel_processing = field(Kind.BOOL, False, doc="Run it on a pool.")
    executor_service = field(Kind.REF, None, doc="Accepted without effect.")
    use_original_message = field(Kind.BOOL, False, doc="See the message as it came into the route.")
    steps = field(Kind.STEPS, (), doc="What is done.")


class InterceptSpec(Spec):
    """Steps that run before every step."""

    name = "intercept"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False)
    on_when = field(Kind.EXPRESSION, None, doc="Only if this holds.")
    steps = field(Kind.STEPS, (), doc="What is done.")


class InterceptFromSpec(InterceptSpec):
    """Steps that run when a message comes into a route."""

    name = "interceptFrom"
    uri = field(
        Kind.TEXT, None, scalar=True, doc="Only routes whose endpoint fits this text, wildcard or regular expression."
    )


class InterceptSendToEndpointSpec(InterceptSpec):
    """Steps that run before a message is sent to an endpoint."""

    name = "interceptSendToEndpoint"
    uri = field(Kind.TEXT, scalar=True, doc="The endpoint: its URI, a text that ends in *, or a regular expression.")
    skip_send_to_original_endpoint = field(Kind.BOOL, False, doc="Do not send to it at all.")
    after_uri = field(Kind.URI, None, doc="An endpoint that gets the message afterwards.")


class FromSpec(Spec):
    """Where a route's messages come from."""

    name = "from"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    uri = field(Kind.URI, scalar=True, doc="The endpoint.")
    parameters = field(Kind.MAP, None, doc="Its options, instead of writing them into the URI.")
    variable_receive = field(Kind.TEXT, None, doc="Put the incoming body into this variable.")
    steps = field(Kind.STEPS, (), doc="What is done with each message.")


class DataTypeSpec(Spec):
    """The type that a route takes or gives."""

    name = "inputType"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    urn = field(Kind.TEXT, doc="Name of the data type.", example="crm.Order")
    validate = field(Kind.BOOL, False, doc="Whether messages are held against it.")


class RouteSpec(Spec):
    """A route."""

    name = "route"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    group = field(Kind.TEXT, None, doc="A name that several routes share.")
    from_ = field(Kind.SPEC, spec=FromSpec, name="from", doc="Where messages come from.")
    steps = field(Kind.STEPS, (), doc="Refused, as in Camel: the steps stand below from.")
    auto_startup = field(Kind.BOOL, True, doc="Whether it starts with the bus.")
    startup_order = field(Kind.INT, None, doc="Lower numbers start first and stop last.")
    precondition = field(
        Kind.TEXT, None, doc="A simple predicate over placeholders; the route is left out if it does not hold."
    )
    route_configuration_id = field(Kind.TEXT, None, doc="Names of route configurations that hold for it, with commas.")
    route_policy = field(Kind.TEXT, None)
    error_handler = field(Kind.SPEC, None, spec=ErrorHandlerSpec, doc="What is done about failures.")
    error_handler_ref = field(Kind.REF, None, doc="An error handler among the beans.")
    input_type = field(Kind.SPEC, None, spec=DataTypeSpec, doc="The type of what comes in.")
    output_type = field(Kind.SPEC, None, spec=DataTypeSpec, doc="The type of what goes out.")
    log_mask = field(Kind.BOOL, False, doc="Whether secrets are starred in what its steps log.")
    message_history = field(Kind.BOOL, False, doc="Whether the steps a message passed are kept with it.")
    stream_cache = field(Kind.BOOL, None, doc="Accepted: bodies can always be read again.")
    stream_caching = field(Kind.BOOL, None, doc="As streamCache.")
    trace = field(Kind.BOOL, False, doc="Accepted without effect.")
    node_prefix_id = field(Kind.TEXT, None, doc="Accepted without effect.")
    shutdown_route = field(Kind.TEXT, "Default", enum=("Default", "Defer"), doc="Accepted without effect.")
    shutdown_running_task = field(
        Kind.TEXT,
        "CompleteCurrentTaskOnly",
        enum=("CompleteCurrentTaskOnly", "CompleteAllTasks"),
        doc="Accepted without effect.",
    )


class RouteConfigurationSpec(Spec):
    """Error handling, interceptors and completions for the routes that name it, or for all if it has no id."""

    name = "routeConfiguration"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    precondition = field(
        Kind.TEXT, None, doc="A simple predicate over placeholders; it is left out if that does not hold."
    )
    error_handler = field(Kind.SPEC, None, spec=ErrorHandlerSpec, doc="What is done about failures.")
    on_exception = field(Kind.SPECS, (), spec=OnExceptionSpec, doc="Clauses for classes of failures.")
    on_completion = field(Kind.SPECS, (), spec=OnCompletionSpec, doc="Steps at the end.")
    intercept = field(Kind.SPECS, (), spec=InterceptSpec, doc="Steps before every step.")
    intercept_from = field(Kind.SPECS, (), spec=InterceptFromSpec, doc="Steps before the first.")
    intercept_send_to_endpoint = field(Kind.SPECS, (), spec=InterceptSendToEndpointSpec, doc="Steps before a send.")


class BeanSpec(Spec):
    """A named object of a class, with constructor values and properties."""

    name = "beans"
    bean_name = field(Kind.TEXT, name="name", doc="Its name; the first of two wins.")
    type = field(Kind.TEXT, None, doc="A class: ``package.module:Name``, ``#class:...`` or a Java name we know.")
    constructors = field(Kind.MAP, None, doc="Arguments by position.")
    properties = field(Kind.MAP, None, doc="Attributes that are set.")
    factory_method = field(Kind.TEXT, None, doc="A method that makes it.")
    factory_bean = field(Kind.TEXT, None, doc="Accepted without effect.")
    init_method = field(Kind.TEXT, None, doc="Called after it was made.")
    destroy_method = field(Kind.TEXT, None, doc="Accepted without effect.")
    script = field(Kind.TEXT, None, doc="A script whose result is the bean.")
    script_language = field(Kind.TEXT, None, doc="Its language.")
    script_property_placeholders = field(Kind.BOOL, True, doc="Accepted without effect.")
    builder_class = field(Kind.TEXT, None, doc="Accepted without effect.")
    builder_method = field(Kind.TEXT, None, doc="Accepted without effect.")


@dataclass(frozen=True, slots=True)
class Raw:
    """A part that is read later, when it is known what it means: a template's route, a rest element."""

    name: str
    node: Node
    at: Position


@dataclass(frozen=True, slots=True)
class RouteDef:
    """A route with the clauses that stand among its steps (``onException`` as a first step has the scope of the route)."""

    spec: RouteSpec
    on_exceptions: tuple[OnExceptionSpec, ...] = ()
    on_completions: tuple[OnCompletionSpec, ...] = ()
    intercepts: tuple[InterceptSpec, ...] = ()

    @property
    def steps(self) -> tuple[StepSpec, ...]:
        """The steps, whether they stand under ``from`` or beside it."""
        steps: tuple[StepSpec, ...] = self.spec.from_.steps or self.spec.steps
        return steps


@dataclass(slots=True)
class RouteFile:
    """What one document holds, in the order written."""

    file: str = ""
    routes: list[RouteDef] = part(default_factory=list)
    error_handlers: list[ErrorHandlerSpec] = part(default_factory=list)
    on_exceptions: list[OnExceptionSpec] = part(default_factory=list)
    on_completions: list[OnCompletionSpec] = part(default_factory=list)
    intercepts: list[InterceptSpec] = part(default_factory=list)
    configurations: list[RouteConfigurationSpec] = part(default_factory=list)
    beans: list[BeanSpec] = part(default_factory=list)
    templates: list[Raw] = part(default_factory=list)
    templated: list[Raw] = part(default_factory=list)
    rests: list[Raw] = part(default_factory=list)
    data_formats: dict[str, Any] = part(default_factory=dict)


CLAUSES: dict[str, type[Spec]] = {
    "onException": OnExceptionSpec,
    "onCompletion": OnCompletionSpec,
    "intercept": InterceptSpec,
} | {
    "interceptFrom": InterceptFromSpec,
    "interceptSendToEndpoint": InterceptSendToEndpointSpec,
}
"""Elements that stand at the top of a document or among the first steps of a route."""
