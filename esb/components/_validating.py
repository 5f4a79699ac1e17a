"""What the components that hold messages against a schema share: which part is looked at, and how its errors are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from esb.errors import ValidationFailed
from esb.exchange import Exchange
from esb.fields import Kind, field

_TOLD: Final = 20
"""Errors that a message of ours names; the report has them all."""

FAIL_ON_NULL_BODY: Any = field(Kind.BOOL, True, doc="Whether no body is an error.")
FAIL_ON_NULL_HEADER: Any = field(Kind.BOOL, True, doc="Whether no header is an error, where one is looked at.")
HEADER_NAME: Any = field(Kind.TEXT, None, doc="Look at this header instead of the body.", example="order")


class Subject:
    """The body, or the header that the endpoint names. ``no_body`` and ``no_header`` are raised for what is missing and must not be."""

    def __init__(
        self, endpoint: Any, what: str, no_body: type[ValidationFailed], no_header: type[ValidationFailed]
    ) -> None:
        self._header: str | None = endpoint.header_name
        missing = f"there is no header {self._header!r}" if self._header else "there is no body"
        self._missing = f"{missing} with {what} to validate"
        fails = endpoint.fail_on_null_header if self._header else endpoint.fail_on_null_body
        self._raised = (no_header if self._header else no_body) if fails else None

    def of(self, exchange: Exchange) -> Any:
        """The value; None where there is none and that is allowed."""
        value = exchange.message.headers.get(self._header) if self._header else exchange.message.body
        if value is None and self._raised is not None:
            raise self._raised(self._missing)
        return value


def listed(errors: Sequence[dict[str, str]]) -> str:
    """The first errors, one a line."""
    return "\n".join(f"{error['path']}: {error['message']}" for error in errors[:_TOLD])
