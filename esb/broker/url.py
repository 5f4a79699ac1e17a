"""Options in a broker's URL: the query, in camel case, onto a settings record."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from esb.errors import OptionError, did_you_mean

T = TypeVar("T")


def options(query: str, defaults: T, scheme: str) -> T:
    """The record with the query's options set; each must be one of its fields, of the default's type. Raises :class:`OptionError`."""
    known = {_camel(field.name): getattr(defaults, field.name) for field in fields(defaults)}  # type: ignore[arg-type]  # any dataclass
    changes: dict[str, Any] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            raise OptionError(f"unknown option {name!r} in the {scheme}: broker URL", hint=did_you_mean(name, known))
        try:
            changes[_snake(name)] = type(known[name])(text)
        except ValueError:
            raise OptionError(
                f"option {name} of the {scheme}: broker URL is {text!r}, not a number",
                hint=f"write {name}={known[name]}",
            ) from None
    return replace(defaults, **changes)  # type: ignore[type-var]  # any dataclass


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), name)
