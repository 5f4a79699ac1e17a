"""The tree of errors and the names that routes catch."""

from __future__ import annotations

from collections.abc import Iterator

from esb import errors, javanames
from tools.reference.markdown import code, inline, table
from tools.reference.markdown import page as whole

_ABOUT = """
Every error of the bus has a code that stays. An error in a file names file, line and column, the cause and the fix:
``routes/orders.yaml:14:9 [ESB-R012] unknown step 'chioce'; did you mean 'choice'?``. All findings of a load are told at once.

Codes: ``ESB-P`` is about the project's folder, ``ESB-R`` about route and schema files, ``ESB-X`` about a message, ``ESB-T`` about the other side.
"""


_NAMES = """
A route names exceptions as Camel's routes do, by these Java names; by ours from the table above; by Python's (`ValueError`); or by
`package.module:Name`. A name catches its subclasses too.
""".strip()


def page() -> str:
    """Errors by code, and Java names of exceptions."""
    return whole(
        "Errors",
        _ABOUT,
        [
            "## Errors of the bus",
            table(("code", "error", "is a", "meaning", "trying again may help"), list(_errors(errors.EsbError))),
            "## Names in onException and doCatch",
            _NAMES,
            table(("Java name", "catches"), list(_names())),
        ],
    )


def _errors(cls: type[errors.EsbError]) -> Iterator[tuple[str, str, str, str, str]]:
    parent = cls.__bases__[0]
    retriable = ""
    if issubclass(cls, errors.TransportError):
        retriable = "yes" if cls.retriable else "no"
    meaning = inline(" ".join((cls.__doc__ or "").split()))
    yield (code(cls.code), code(cls.__name__), code(parent.__name__), meaning, retriable)
    below = [kind for kind in cls.__subclasses__() if kind.__module__ == errors.__name__]
    for kind in sorted(below, key=lambda one: (one.code, one.__name__)):
        yield from _errors(kind)


def _names() -> Iterator[tuple[str, str]]:
    for name in sorted(javanames.CATCHABLE):
        found = javanames.caught_by(name) or ()
        yield code(name), ", ".join(code(kind.__name__) for kind in found)
