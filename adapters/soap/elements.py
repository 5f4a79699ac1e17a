"""One element written from data, and what is told of data that does not fit."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adapters.soap import binary
from adapters.soap.names import XSI, local
from adapters.soap.particles import Field, Problems
from esb.errors import ValidationFailed

if TYPE_CHECKING:
    from adapters.soap.validate import Validator

Element = Any  # lxml's stubs are older than lxml


def element_of(
    field: Field, nsmap: Mapping[str, str], data: Any, subject: str, validator: Validator, *, checked_as: str = ""
) -> bytes:
    """One element as validated XML. Raises :class:`~esb.errors.ValidationFailed`."""
    from lxml import etree

    root = tree_of(field, nsmap, data, subject)
    binary.settle(root, functools.partial(validator.check, root, subject, checked_as))
    return etree.tostring(root, encoding="utf-8")


def tree_of(field: Field, nsmap: Mapping[str, str], data: Any, subject: str) -> Element:
    """One element, not held against a schema. Raises :class:`~esb.errors.ValidationFailed` for data that the type does not take."""
    from lxml import etree

    root: Element = etree.Element(field.tag, nsmap=nsmap)
    problems: Problems = []
    if data is None and field.nillable:
        root.set(f"{{{XSI}}}nil", "true")
    else:
        field.codec.write(root, {} if data is None else data, problems)
    if problems:
        refuse(problems, local(field.tag), subject)
    return root


def refuse(problems: Problems, root: str, subject: str) -> None:
    """Raise :class:`~esb.errors.ValidationFailed` with a report, if there are problems."""
    if problems:
        report = [problem.report(root) for problem in problems]
        told = "; ".join(f"{entry['path']} {entry['message']}" for entry in report[:5])
        more = f" (and {len(report) - 5} more)" if len(report) > 5 else ""
        raise ValidationFailed(f"{subject} does not fit the WSDL: {told}{more}", report)
