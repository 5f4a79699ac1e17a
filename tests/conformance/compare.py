"""What the goldens promise, compared as the oracle's README says: the first difference, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from esb import errors, javanames

_WRITTEN_BY_ROUTES = frozenset(known.__name__ for known in javanames.THROWN.values())
_LENIENT = frozenset(
    [
        "NullPointerException",
        "ClassCastException",
        "IndexOutOfBoundsException",
        "ArrayIndexOutOfBoundsException",
        "StringIndexOutOfBoundsException",
        "RuntimeBeanExpressionException",
        "MethodNotFoundException",
        "AmbiguousMethodCallException",
        "ParameterBindingException",
    ]
)
"""Classes that only exist inside Java: any failure of ours will do."""
_OURS: dict[type[BaseException], frozenset[str]] = {
    errors.ConversionFailed: frozenset(
        [
            "TypeConversionException",
            "InvalidPayloadException",
            "CamelExecutionException",
            "NumberFormatException",
            "IllegalArgumentException",
            "RuntimeCamelException",
        ]
    ),
    errors.ExpressionFailed: frozenset(
        [
            "CamelExecutionException",
            "RuntimeCamelException",
            "IllegalArgumentException",
            "CamelExchangeException",
            "RuntimeException",
        ]
    ),
    errors.ValidationFailed: frozenset({"ValidationException", "IOException", "IllegalArgumentException"}),
    errors.StepFailed: frozenset(
        ["CamelExchangeException", "RuntimeCamelException", "IllegalArgumentException", "IllegalStateException"]
    ),
    errors.ConfigError: frozenset(
        ["IllegalArgumentException", "RuntimeCamelException", "FailedToCreateProducerException"]
    ),
    errors.ExchangeTimedOut: frozenset({"ExchangeTimedOutException", "TimeoutException"}),
    errors.NoConsumer: frozenset({"CamelExchangeException"}),
    OSError: frozenset(["IOException", "FileNotFoundException", "GenericFileOperationFailedException"]),
    ValueError: frozenset({"IllegalArgumentException", "NumberFormatException"}),
    TypeError: frozenset({"IllegalArgumentException"}),
    ArithmeticError: frozenset({"ArithmeticException"}),
}


def error_record(error: BaseException, neutral: Any) -> dict[str, Any]:
    """An exception of ours: its class, the Java names that fit it, its text."""
    names = (
        {cls.__name__ for cls in type(error).__mro__ if cls.__name__ in _WRITTEN_BY_ROUTES}
        if _is_java(error)
        else set()
    )
    exact = "Exception" if type(error) is javanames.CheckedException else type(error).__name__
    if not _is_java(error):
        for cls, fitting in _OURS.items():
            if isinstance(error, cls):
                names |= fitting
    return {
        "class": exact,
        "fits": sorted(names | {exact}),
        "java": _is_java(error),
        "message": neutral.text(str(error)),
    }


def _is_java(error: BaseException) -> bool:
    return isinstance(error, javanames.Throwable)


def differences(golden: dict[str, Any], ours: dict[str, Any], routes: str) -> Iterator[str]:
    """What differs, most telling first."""
    if ("failed" in golden) != ("failed" in ours):
        yield (
            f"refused by Camel ({_short(golden['failed'].get('causes', [{}])[-1].get('message') or golden['failed']['message'])}), taken by us"
            if "failed" in golden
            else f"refused by us: {ours['failed']}"
        )
        return
    if "failed" in golden:
        return
    yield from _replies(golden.get("replies", []), ours.get("replies", []), routes)
    yield from _mocks(golden, ours)
    for key in ("mockTotal", "order", "routes", "files"):
        if golden.get(key) != ours.get(key):
            yield from _difference(key, golden.get(key), ours.get(key))
    if "logs" in golden:
        yield from _difference("logs", golden["logs"], ours.get("logs"))


def _replies(golden: list[Any], ours: list[Any], routes: str) -> Iterator[str]:
    if len(golden) != len(ours):
        yield f"replies: {len(golden)} expected, {len(ours)} given"
    for number, (wanted, given) in enumerate(zip(golden, ours, strict=False)):
        yield from _reply(f"reply {number}", wanted, given, routes)


def _reply(where: str, wanted: dict[str, Any], given: dict[str, Any], routes: str) -> Iterator[str]:
    if "exception" in wanted or "exception" in given:
        yield from _exception(where, wanted.get("exception"), given.get("exception"), routes)
    for key in ("status", "body", "headers", "properties", "variables", "timing"):
        if key in wanted:
            yield from _difference(f"{where}.{key}", wanted[key], given.get(key))


def _exception(where: str, wanted: dict[str, Any] | None, given: dict[str, Any] | None, routes: str) -> Iterator[str]:
    if wanted is None or given is None:
        yield f"{where}: exception {_told(wanted)} expected, {_told(given)} given"
        return
    name = wanted["class"]
    if name in _LENIENT or (name not in _WRITTEN_BY_ROUTES and not given["java"]):
        return
    if name not in given["fits"] and not (given["java"] and name not in _WRITTEN_BY_ROUTES and given["class"] == name):
        yield f"{where}: exception {_told(wanted)} expected, {_told(given)} given"
    elif (
        given["java"]
        and given["class"] == name
        and name in routes
        and _from_route(wanted)
        and (wanted["message"] or "") != given["message"]  # Java tells no message from an empty one, Python does not
    ):
        yield f"{where}: exception text {wanted['message']!r} expected, {given['message']!r} given"


def _from_route(wanted: dict[str, Any]) -> bool:
    """Whether the route itself wrote the message, and not Camel: Camel's name exchanges or URIs."""
    told = str(wanted["message"])
    return not any(mark in told for mark in ("Exchange[", "<id>", "://", "Endpoint["))


def _told(record: dict[str, Any] | None) -> str:
    return "none" if record is None else f"{record['class']}({_short(str(record['message']))})"


def _mocks(golden: dict[str, Any], ours: dict[str, Any]) -> Iterator[str]:
    wanted, given = golden.get("mocks", {}), ours.get("mocks", {})
    for name in {**wanted, **given}:
        expected, found = wanted.get(name) or [], given.get(name) or []
        if isinstance(expected, int) or isinstance(found, int):
            if expected != found:
                yield f"{name}: {expected} messages expected, {found} given"
            continue
        if len(expected) != len(found):
            bodies = [_short(json.dumps(message.get("body"), ensure_ascii=False)) for message in found]
            yield f"{name}: {len(expected)} messages expected, {len(found)} given: {', '.join(bodies)[:200]}"
        for number, (one, other) in enumerate(zip(expected, found, strict=False)):
            for key in ("body", "headers", "properties", "variables"):
                if key in one:
                    yield from _difference(f"{name}[{number}].{key}", one[key], other.get(key))


def _difference(where: str, wanted: Any, given: Any) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(given, dict):
        if "$object" in wanted and "$object" in given:
            return  # a Java class has no name here
        if "$exception" in wanted and "$exception" in given:
            yield from _exception(where, wanted["$exception"], given["$exception"], "")
            return
        for key in sorted({*wanted, *given}):
            if key not in given:
                yield f"{where}.{key}: {_short(wanted[key])} expected, missing"
            elif key not in wanted:
                yield f"{where}.{key}: not expected, {_short(given[key])} given"
            else:
                yield from _difference(f"{where}.{key}", wanted[key], given[key])
    elif isinstance(wanted, list) and isinstance(given, list) and len(wanted) == len(given):
        for number, (one, other) in enumerate(zip(wanted, given, strict=True)):
            yield from _difference(f"{where}[{number}]", one, other)
    elif not _same(wanted, given):
        yield f"{where}: {_apart(wanted, given)}"


def _apart(wanted: Any, given: Any) -> str:
    """Both values; of long texts the part where they begin to differ."""
    if isinstance(wanted, str) and isinstance(given, str) and len(wanted) > 100:
        at = next((at for at, pair in enumerate(zip(wanted, given, strict=False)) if pair[0] != pair[1]), len(given))
        start = max(0, at - 20)
        return f"at {at}, {_short(wanted[start : at + 60])} expected, {_short(given[start : at + 60])} given"
    return f"{_short(wanted)} expected, {_short(given)} given"


def _same(wanted: Any, given: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(given, bool):
        return wanted is given
    return bool(wanted == given)


def _short(value: Any) -> str:
    told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    told = repr(told) if isinstance(value, str) else told
    return told if len(told) <= 160 else told[:157] + "..."
