"""Repositories of a step: found by reference, opened with the route and closed with it."""

from __future__ import annotations

import contextlib
import logging
import re
from pathlib import Path
from typing import Any

from esb.component import Context
from esb.errors import EsbError, UnknownName
from esb.step import Builder, StepSpec
from esb.stores.contract import Opened

_log = logging.getLogger("esb.route")


def repository(builder: Builder, spec: StepSpec, reference: str) -> Any:
    """What a reference names, opened when the route starts if it has a file."""
    found: Any = builder.reference(reference, spec.at)
    made = found() if isinstance(found, type) else found
    if isinstance(made, Opened):
        context, scope = builder.context, _scope(builder, spec, reference, made)
        builder.on_start(lambda: made.open(state_folder(context), scope))
        builder.on_stop(made.close)
    return made


def _scope(builder: Builder, spec: StepSpec, reference: str, made: Opened) -> str:
    """Under which name its data are kept. That of a bean is its own: steps that share it come and go, and what was seen must still be known."""
    name = reference.strip().removeprefix("#bean:").removeprefix("#")
    with contextlib.suppress(UnknownName):
        if builder.context.lookup("bean", name) is made:
            return f"bean/{name}"
    if spec.id is None or re.fullmatch(rf"{spec.name}\d+", spec.id):
        _log.warning(
            "%s: %s keeps its data on disk but has no id of its own; give it one, since numbers change when routes do",
            spec.at or builder.route_id,
            spec.name,
            extra={"at": spec.at},
        )
    return f"{builder.route_id}/{spec.id}"


def state_folder(context: Context) -> Path:
    """Where an instance keeps its files: the project's state folder, or ``var`` where there is no project."""
    try:
        folder: Path = context.service("project").state_folder
    except EsbError:
        folder = context.path("var")
    return folder
