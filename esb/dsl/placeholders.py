r"""Placeholders in configuration: ``{{key}}``, ``{{key:default}}``, ``{{?key}}``, ``{{env:NAME}}``, ``{{sys:name}}``, ``{{credential:name}}``.

The rules are those of Camel's properties component (its page "How to use Camel property placeholders", and the oracle's cases): inner
placeholders first, values may hold placeholders again, an environment variable beats the property of the same name ignoring case, so does a
system property (``-D``), and a function nobody knows is a key like any other. Braces behind a backslash (``\{{x\}}``) or between quotes
(``"{{"``) are plain text.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from esb.dsl.credentials import Credentials
from esb.errors import NOWHERE, Position, ReferenceFault, RouteSyntaxError, did_you_mean
from esb.secret import Secret

OPEN: Final = "{{"
CLOSE: Final = "}}"
_LONGEST: Final = 1024 * 1024
# Private-use characters, which no configuration holds, stand for these until a text is complete:
_UNSET: Final = "\ue000"
"""An optional placeholder without a value."""
_INNER_OPEN: Final = "\ue001"
"""Double braces inside a secret, which are no placeholder."""
_INNER_CLOSE: Final = "\ue002"


class _Found(NamedTuple):
    value: str | None
    secret: bool = False


class Properties:
    """The values of placeholders. Immutable, so thread-safe; texts are resolved once, while a project is loaded.

    ``values`` are the project's properties, ``system`` those given on the command line, ``credentials`` the folders with one secret a file
    (the one in the environment variable CREDENTIALS_DIRECTORY, which systemd sets, comes first).
    """

    def __init__(
        self,
        values: Mapping[str, str] | None = None,
        *,
        system: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        credentials: Iterable[Path] = (),
    ) -> None:
        self._values: Mapping[str, str] = values or {}
        self._system: Mapping[str, str] = system or {}
        self._environment: Mapping[str, str] = os.environ if environment is None else environment
        given = self._environment.get("CREDENTIALS_DIRECTORY")
        self._credentials = Credentials((*((Path(given),) if given else ()), *credentials))
        self._scopes: tuple[Mapping[str, str], ...] = ()
        self._functions: dict[str, Callable[[str], _Found]] = {
            "env": lambda name: _Found(self._from_environment(name)),
            "sys": lambda name: _Found(self._system.get(name)),
            "credential": self._credential,
            "service": lambda name: _Found(self._service(name, "host", "port")),
            "service.name": _Found,
            "service.host": lambda name: _Found(self._service(name, "host")),
            "service.port": lambda name: _Found(self._service(name, "port")),
        }

    def scoped(self, values: Mapping[str, str]) -> Properties:
        """The same with further values that beat everything else: the parameters of a route template."""
        inner = Properties(self._values, system=self._system, environment=self._environment)
        inner._credentials = self._credentials
        inner._scopes = (values, *self._scopes)
        return inner

    def keys(self) -> list[str]:
        """Names that could be given without a function, sorted; not those of the environment."""
        return sorted({*self._values, *self._system, *(key for scope in self._scopes for key in scope)})

    def get(self, key: str, at: Position = NOWHERE) -> str | None:
        """The value of one key with its own placeholders resolved, or None. Raises ReferenceFault as :meth:`resolve`."""
        value = self._plain(key)
        return None if value is None else self.resolve(value, at)

    def resolve(self, text: str, at: Position = NOWHERE) -> str:
        """The text with its placeholders replaced; an optional one without a value is replaced by nothing.

        The result is a :class:`Secret` if a credential is in it. Raises ReferenceFault for a key nobody gives, RouteSyntaxError for
        braces that do not match.
        """
        if OPEN not in text:
            return text
        return _without(_Resolving(self, text, at).done(), lambda value: value.replace(_UNSET, ""))

    def resolve_optional(self, text: str, at: Position = NOWHERE) -> str | None:
        """As :meth:`resolve`, but None if the text is nothing but an optional placeholder without a value: the option is then not given."""
        if OPEN not in text:
            return text
        value = _Resolving(self, text, at).done()
        return None if value == _UNSET else _without(value, lambda told: told.replace(_UNSET, ""))

    def resolve_uri(self, text: str, at: Position = NOWHERE) -> str:
        """As :meth:`resolve` for a URI.

        A parameter whose optional placeholder has no value is left out, and a credential that is a whole parameter's value is protected as
        ``RAW(...)``, so that its characters need no care.
        """
        if OPEN not in text:
            return text
        return _without(_Resolving(self, text, at, protect=True).done(), _drop_parameters)

    def find(self, expression: str) -> _Found:
        """The raw value of what stands between the braces; a None value if there is none. An unset optional gives the mark."""
        prefix, colon, rest = expression.removeprefix("?").partition(
            ":"
        )  # of {{?env:X}} Camel forgets the question mark
        function = self._functions.get(prefix) if colon else None
        asked = rest if function else expression
        optional = asked.startswith("?")
        name, colon, default = asked.removeprefix("?").partition(":")
        found = function(name) if function else _Found(self._plain(name))
        if found.value is None and colon:
            return _Found(default)
        return _Found(_UNSET) if found.value is None and optional else found

    def missing(self, expression: str, text: str, at: Position, chain: Iterable[str]) -> ReferenceFault:
        """The finding for a placeholder without value: what is asked for, by whom, and what it could have been."""
        expression = expression.removeprefix("?")
        prefix, colon, rest = expression.partition(":")
        via = "".join(f", in the value of {key!r}" for key in chain)
        if colon and prefix in self._functions:
            what = {"env": "the environment variable", "credential": "the credential", "sys": "the system property"}
            known = self._known(prefix)
            hint = did_you_mean(rest, known) or f"set it, or give a default: {{{{{expression}:...}}}}"
            return ReferenceFault(f"{what.get(prefix, 'the service')} {rest!r} is not set{via}", at, hint)
        hint = did_you_mean(expression, self.keys()) or "add it to the project's properties"
        shown = f" of {text!r}" if len(text) <= 120 and not via else ""
        return ReferenceFault(
            f"no property {expression!r} for the placeholder{shown}{via}",
            at,
            f"{hint}; or give a default: {{{{{expression}:...}}}}",
        )

    def _known(self, function: str) -> list[str]:
        if function == "credential":
            return self._credentials.names()
        return sorted(self._environment if function == "env" else self._system)

    def _plain(self, key: str) -> str | None:
        for scope in self._scopes:
            if key in scope:
                return scope[key]
        for layer in (self._from_environment(key), self._system.get(key)):
            if layer is not None:
                return layer
        return self._values.get(key)

    def _from_environment(self, key: str) -> str | None:
        upper = key.upper()
        value = self._environment.get(upper)
        if value is None:
            value = self._environment.get(upper.replace("-", "_").replace(".", "_"))
        return value

    def _credential(self, name: str) -> _Found:
        return _Found(self._credentials.read(name), secret=True)

    def _service(self, name: str, *parts: str) -> str | None:
        """A service as Kubernetes and its like announce it: NAME_SERVICE_HOST and NAME_SERVICE_PORT."""
        stem = name.upper().replace("-", "_")
        values = [self._environment.get(f"{stem}_SERVICE_{part.upper()}") for part in parts]
        return None if None in values else ":".join(value or "" for value in values)


class _Resolving:
    """One text on its way; remembers whether a secret went in."""

    def __init__(self, properties: Properties, text: str, at: Position, *, protect: bool = False) -> None:
        self.properties = properties
        self.text = text
        self.at = at
        self.protect = protect
        self.secret = False

    def done(self) -> str:
        value = self._replace(self.text, ()).replace("\\{{", OPEN).replace("\\}}", CLOSE)
        value = value.replace(_INNER_OPEN, OPEN).replace(_INNER_CLOSE, CLOSE)
        return Secret(value) if self.secret else value

    def _replace(self, text: str, chain: tuple[str, ...]) -> str:
        while True:
            close = _closing(text)
            start = _opening(text, len(text) if close < 0 else close)
            if close < 0 and start < 0:
                return text
            if close < 0 or start < 0:
                raise self._unbalanced(CLOSE if close < 0 else OPEN, text)
            key = text[start + 2 : close]
            value = self._value(key, chain)
            if (
                self.protect
                and isinstance(value, Secret)
                and text[:start].endswith("=")
                and text[close + 2 :][:1] in {"", "&"}
            ):
                value = f"RAW({value})"
            text = text[:start] + value + text[close + 2 :]
            if len(text) > _LONGEST:
                raise RouteSyntaxError(f"with its placeholders the text grows beyond {_LONGEST} characters", self.at)

    def _value(self, key: str, chain: tuple[str, ...]) -> str:
        if key in chain:
            loop = " -> ".join((*chain[chain.index(key) :], key))
            raise ReferenceFault(f"the property {key!r} needs itself: {loop}", self.at, "break the circle")
        value, secret = self.properties.find(key)
        if value is None:
            raise self.properties.missing(key, self.text, self.at, reversed(chain))
        self.secret |= secret
        # A secret is taken as it is: what looks like a placeholder in a password is none.
        return (
            Secret(value.replace(OPEN, _INNER_OPEN).replace(CLOSE, _INNER_CLOSE))
            if secret
            else self._replace(value, (*chain, key))
        )

    def _unbalanced(self, missing: str, text: str) -> RouteSyntaxError:
        shown = text if len(text) <= 120 and not self.secret else "the text"
        hint = (
            "put a blank between braces that are no placeholder: '} }'" if missing == OPEN else "close the placeholder"
        )
        return RouteSyntaxError(f"{missing} is missing in {shown!r}", self.at, hint)


def _is_quoted(text: str, at: int, token: str) -> bool:
    """Whether the braces stand directly between two quotes of one kind, or behind a backslash: then they are text."""
    if text[at - 1 : at] == "\\":
        return True
    end = at + len(token)
    return at > 0 and end < len(text) and text[at - 1] == text[end] and text[end] in "'\""


def _closing(text: str) -> int:
    """Where the first braces that close a placeholder stand; -1 if none do."""
    at = text.find(CLOSE)
    while at >= 0 and _is_quoted(text, at, CLOSE):
        at = text.find(CLOSE, at + 1)
    return at


def _opening(text: str, before: int) -> int:
    """Where the last braces that open a placeholder before an index stand; -1 if none do."""
    at = text.rfind(OPEN, 0, before)
    while at >= 0 and _is_quoted(text, at, OPEN):
        at = text.rfind(OPEN, 0, at + 1)
    return at


def _without(value: str, clean: Callable[[str], str]) -> str:
    """A text cleaned of the marks of unset placeholders; still a secret if it was one."""
    if _UNSET not in value:
        return value
    return Secret(clean(value)) if isinstance(value, Secret) else clean(value)


def _drop_parameters(uri: str) -> str:
    path, mark, query = uri.partition("?")
    kept = "&".join(part for part in query.split("&") if _UNSET not in part)
    return path.replace(_UNSET, "") + (mark + kept if kept else "")
