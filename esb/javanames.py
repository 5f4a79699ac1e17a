"""Java names that route files use, and what they mean here: one table of aliases.

Exceptions keep Camel's simple names, so that a route written for Camel catches and throws what it names. Python's own exceptions count as the
Java class an engineer would expect (an OSError is caught by ``java.io.IOException``).
"""

from __future__ import annotations

from typing import Final

from esb import errors
from esb.coerce import NoConversion


class Throwable(Exception):
    """Root of the exceptions that routes throw by their Java names."""


class CheckedException(Throwable):
    """``java.lang.Exception`` thrown by a route itself."""


class RuntimeException(CheckedException):
    """``java.lang.RuntimeException``."""


class IllegalArgumentException(RuntimeException, ValueError):
    """``java.lang.IllegalArgumentException``."""


class NumberFormatException(IllegalArgumentException):
    """``java.lang.NumberFormatException``."""


class IllegalStateException(RuntimeException):
    """``java.lang.IllegalStateException``."""


class UnsupportedOperationException(RuntimeException):
    """``java.lang.UnsupportedOperationException``."""


class NullPointerException(RuntimeException):
    """``java.lang.NullPointerException``."""


class IndexOutOfBoundsException(RuntimeException, IndexError):
    """``java.lang.IndexOutOfBoundsException``."""


class ClassCastException(RuntimeException):
    """``java.lang.ClassCastException``."""


class ArithmeticException(RuntimeException, ArithmeticError):
    """``java.lang.ArithmeticException``."""


class SecurityException(RuntimeException):
    """``java.lang.SecurityException``."""


class IOException(CheckedException, OSError):
    """``java.io.IOException``."""

    __str__ = Exception.__str__  # OSError's own form adds an errno that a route never gave


class FileNotFoundException(IOException, FileNotFoundError):
    """``java.io.FileNotFoundException``."""


class ConnectException(IOException, ConnectionError):
    """``java.net.ConnectException``."""


class UnknownHostException(IOException):
    """``java.net.UnknownHostException``."""


class SocketTimeoutException(IOException, TimeoutError):
    """``java.net.SocketTimeoutException``."""


class TimeoutException(CheckedException, TimeoutError):
    """``java.util.concurrent.TimeoutException``."""


class SQLException(CheckedException):
    """``java.sql.SQLException``."""


class CamelException(CheckedException):
    """``org.apache.camel.CamelException``."""


class CamelExchangeException(CamelException):
    """``org.apache.camel.CamelExchangeException``."""


class ValidationException(CamelExchangeException):
    """``org.apache.camel.ValidationException``."""


class PredicateValidationException(ValidationException):
    """``org.apache.camel.support.processor.PredicateValidationException``."""


class CamelExecutionException(RuntimeException):
    """``org.apache.camel.CamelExecutionException``."""


class RuntimeCamelException(RuntimeException):
    """``org.apache.camel.RuntimeCamelException``."""


class ExchangeTimedOutException(CamelExchangeException):
    """``org.apache.camel.ExchangeTimedOutException``."""


class RollbackExchangeException(CamelExchangeException):
    """``org.apache.camel.RollbackExchangeException``. Never tried again: a rollback is meant."""

    rollback = True


class InvalidPayloadException(CamelExchangeException):
    """``org.apache.camel.InvalidPayloadException``: the body cannot be had as the wanted type; the cause says why."""


class NoSuchVariableException(CamelExchangeException):
    """``org.apache.camel.NoSuchVariableException``."""


class ResolveEndpointFailedException(RuntimeCamelException):
    """``org.apache.camel.ResolveEndpointFailedException``: what a message gave is no endpoint's URI."""


class RuntimeExchangeException(RuntimeCamelException):
    """``org.apache.camel.RuntimeExchangeException``."""


class MethodNotFoundException(RuntimeExchangeException):
    """``org.apache.camel.component.bean.MethodNotFoundException``."""


class AmbiguousMethodCallException(RuntimeExchangeException):
    """``org.apache.camel.component.bean.AmbiguousMethodCallException``."""


class RejectedExecutionException(RuntimeException):
    """``java.util.concurrent.RejectedExecutionException``."""


class ThrottlerRejectedExecutionException(RejectedExecutionException):
    """``org.apache.camel.processor.ThrottlerRejectedExecutionException``."""


class NoMessageIdException(CamelExchangeException):
    """``org.apache.camel.processor.idempotent.NoMessageIdException``."""


class ClosedCorrelationKeyException(CamelExchangeException):
    """``org.apache.camel.processor.aggregate.ClosedCorrelationKeyException``."""


class CallNotPermittedException(RuntimeException):
    """``io.github.resilience4j.circuitbreaker.CallNotPermittedException``."""


class BulkheadFullException(RuntimeException):
    """``io.github.resilience4j.bulkhead.BulkheadFullException``."""


_PACKAGES: Final = {
    "org.apache.camel.processor.idempotent": (NoMessageIdException,),
    "org.apache.camel.processor.aggregate": (ClosedCorrelationKeyException,),
    "io.github.resilience4j.circuitbreaker": (CallNotPermittedException,),
    "io.github.resilience4j.bulkhead": (BulkheadFullException,),
    "java.lang": (
        *(
            RuntimeException,
            IllegalArgumentException,
            NumberFormatException,
            IllegalStateException,
            UnsupportedOperationException,
        ),
        *(NullPointerException, IndexOutOfBoundsException, ClassCastException, ArithmeticException, SecurityException),
    ),
    "java.io": (IOException, FileNotFoundException),
    "java.net": (ConnectException, UnknownHostException, SocketTimeoutException),
    "java.util.concurrent": (TimeoutException, RejectedExecutionException),
    "java.sql": (SQLException,),
    "org.apache.camel": (
        *(CamelException, CamelExchangeException, ValidationException, CamelExecutionException, RuntimeCamelException),
        *(ExchangeTimedOutException, RollbackExchangeException, InvalidPayloadException, NoSuchVariableException),
        *(ResolveEndpointFailedException, RuntimeExchangeException),
    ),
    "org.apache.camel.component.bean": (MethodNotFoundException, AmbiguousMethodCallException),
    "org.apache.camel.processor": (ThrottlerRejectedExecutionException,),
    "org.apache.camel.support.processor": (PredicateValidationException,),
}

THROWN: Final[dict[str, type[Exception]]] = {
    f"{package}.{known.__name__}": known for package, classes in _PACKAGES.items() for known in classes
} | {"java.lang.Exception": CheckedException, "java.lang.Throwable": Throwable}
"""Java name -> the class a route throws by it."""

_NAMES: Final[dict[type, str]] = {
    **{known: name for name, known in THROWN.items()},
    NoConversion: "org.apache.camel.NoTypeConversionAvailableException",
    errors.ConversionFailed: "org.apache.camel.TypeConversionException",
    errors.ExpressionFailed: "org.apache.camel.ExpressionEvaluationException",
    errors.ExchangeTimedOut: "org.apache.camel.ExchangeTimedOutException",
    errors.ValidationFailed: "org.apache.camel.ValidationException",
}


def java_name(kind: type) -> str:
    """What Java calls an exception class, where it has a name for it; of other classes our own name with its module."""
    return _NAMES.get(kind) or f"{kind.__module__}.{kind.__qualname__}"


_ALSO_CAUGHT: Final[dict[str, tuple[type[BaseException], ...]]] = {
    "java.lang.Throwable": (Exception,),
    "java.lang.Exception": (Exception,),
    "java.lang.RuntimeException": (
        RuntimeException,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        AttributeError,
        errors.RouteError,
    ),
    "java.lang.IllegalArgumentException": (IllegalArgumentException, ValueError),
    "java.lang.NullPointerException": (NullPointerException, AttributeError, TypeError),
    "java.lang.IndexOutOfBoundsException": (IndexOutOfBoundsException, IndexError),
    "java.lang.ArithmeticException": (ArithmeticException, ArithmeticError),
    "java.io.IOException": (IOException, OSError, errors.TransportError),
    "java.io.FileNotFoundException": (FileNotFoundException, FileNotFoundError),
    "java.net.ConnectException": (ConnectException, ConnectionError, errors.NotConnected),
    "java.net.SocketTimeoutException": (SocketTimeoutException, TimeoutError, errors.DeadlineExceeded),
    "java.util.concurrent.TimeoutException": (TimeoutException, TimeoutError, errors.DeadlineExceeded),
    "java.lang.NumberFormatException": (NumberFormatException, errors.ConversionFailed),
    "org.apache.camel.TypeConversionException": (errors.ConversionFailed,),
    "org.xml.sax.SAXException": (errors.Malformed,),
    "org.xml.sax.SAXParseException": (errors.Malformed,),
    "com.fasterxml.jackson.core.JsonProcessingException": (errors.Malformed,),
    "com.fasterxml.jackson.core.JsonParseException": (errors.Malformed,),
    "com.jayway.jsonpath.InvalidJsonException": (errors.Malformed,),
    "org.apache.camel.NoTypeConversionAvailableException": (NoConversion,),
    "org.apache.camel.ExpressionEvaluationException": (errors.ExpressionFailed,),
    "org.apache.camel.ValidationException": (ValidationException, errors.ValidationFailed),
    "org.apache.camel.ExchangeTimedOutException": (ExchangeTimedOutException, errors.ExchangeTimedOut),
    "org.apache.camel.CamelExchangeException": (CamelExchangeException, errors.RouteError),
    "org.apache.camel.CamelException": (CamelException, errors.EsbError),
    "jakarta.xml.ws.soap.SOAPFaultException": (errors.RemoteFault,),
    "org.apache.cxf.binding.soap.SoapFault": (errors.RemoteFault,),
    "org.apache.camel.http.base.HttpOperationFailedException": (errors.RemoteFault, errors.Rejected),
}


_ELSEWHERE: Final = {
    "java.io.EOFException": "esb.dataformats._octets:EOFException",
    "java.util.zip.ZipException": "esb.dataformats._octets:ZipException",
    "com.jayway.jsonpath.JsonPathException": "esb.languages._jsonpath.errors:JsonPathException",
    "com.jayway.jsonpath.InvalidPathException": "esb.languages._jsonpath.errors:InvalidPathException",
    "com.jayway.jsonpath.PathNotFoundException": "esb.languages._jsonpath.errors:PathNotFoundException",
    "net.thisptr.jackson.jq.exception.JsonQueryException": "esb.languages.jq:JsonQueryException",
    "org.apache.camel.InvalidPayloadException": "esb.languages.jq:InvalidPayloadException",
    "org.apache.camel.NoSuchHeaderException": "esb.languages._source:NoSuchHeaderException",
    "org.apache.camel.language.xpath.InvalidXPathException": "esb.languages.xpath:InvalidXPathException",
    "org.apache.camel.support.processor.validation.SchemaValidationException": "esb.components.validator:SchemaValidationException",
    "org.apache.camel.support.processor.validation.NoXmlBodyValidationException": "esb.components.validator:NoXmlBodyValidationException",
    "org.apache.camel.support.processor.validation.NoXmlHeaderValidationException": "esb.components.validator:NoXmlHeaderValidationException",
    "org.apache.camel.component.jsonvalidator.JsonValidationException": "esb.components.json_validator:JsonValidationException",
    "org.apache.camel.component.jsonvalidator.NoJsonBodyValidationException": "esb.components.json_validator:NoJsonBodyValidationException",
    "org.apache.camel.component.jsonvalidator.NoJsonHeaderValidationException": "esb.components.json_validator:NoJsonHeaderValidationException",
}
"""Java name -> where the class is defined, as ``module:attribute``: imported only when a route names it."""

CATCHABLE: Final = frozenset({*THROWN, *_ALSO_CAUGHT, *_ELSEWHERE})
"""All Java names that :func:`caught_by` knows."""


def caught_by(name: str) -> tuple[type[BaseException], ...] | None:
    """The classes that an exception name in a route file stands for; None if the name is unknown.

    Names are Java's, ours (``esb.errors.RemoteFault``, ``RemoteFault``), Python's (``ValueError``) or a user's (``package.module:Name``).
    """
    if name in _ALSO_CAUGHT:
        return _ALSO_CAUGHT[name]
    if name in THROWN:
        return (THROWN[name],)
    name = _ELSEWHERE.get(name, name)
    import builtins

    plain = name.removeprefix("esb.errors.")
    for home in (errors, builtins):
        found = getattr(home, plain, None)
        if isinstance(found, type) and issubclass(found, BaseException):
            return (found,)
    if ":" in name:
        import importlib

        module, _, attribute = name.partition(":")
        found = getattr(importlib.import_module(module), attribute, None)
        if isinstance(found, type) and issubclass(found, BaseException):
            return (found,)
    return None


STRATEGIES: Final = {
    "org.apache.camel.processor.aggregate.GroupedBodyAggregationStrategy": "esb.strategies:GroupedBody",
    "org.apache.camel.processor.aggregate.GroupedExchangeAggregationStrategy": "esb.strategies:GroupedExchange",
    "org.apache.camel.processor.aggregate.GroupedMessageAggregationStrategy": "esb.strategies:GroupedMessage",
    "org.apache.camel.processor.aggregate.StringAggregationStrategy": "esb.strategies:JoinedText",
    "org.apache.camel.processor.aggregate.UseLatestAggregationStrategy": "esb.strategies:UseLatest",
    "org.apache.camel.processor.aggregate.UseOriginalAggregationStrategy": "esb.strategies:UseOriginal",
    "org.apache.camel.support.processor.idempotent.MemoryIdempotentRepository": "esb.stores.memory:MemoryIdempotentRepository",
    "org.apache.camel.support.processor.idempotent.FileIdempotentRepository": "esb.stores.sqlite:SqliteIdempotentRepository",
    "org.apache.camel.processor.aggregate.MemoryAggregationRepository": "esb.stores.memory:MemoryAggregationRepository",
    "org.springframework.amqp.rabbit.connection.CachingConnectionFactory": "esb.components.rabbitmq:ConnectionFactory",
    "com.rabbitmq.client.ConnectionFactory": "esb.components.rabbitmq:ConnectionFactory",
    "org.apache.camel.saga.InMemorySagaService": "esb.stores.coordinator:MemorySagaService",
    "java.util.LinkedHashMap": "builtins:dict",
    "java.util.HashMap": "builtins:dict",
    "java.util.ArrayList": "builtins:list",
    "java.lang.String": "builtins:str",
}
"""Java classes named by ``#class:`` -> ours, as ``module:attribute`` (imported when used)."""
