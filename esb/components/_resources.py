"""The file of the project that an endpoint's ``resource`` names: a stylesheet, a schema, a template."""

from __future__ import annotations

from pathlib import Path

from esb.component import Endpoint
from esb.errors import OptionError, ReferenceFault


def resource_path(endpoint: Endpoint, resource: str, what: str) -> Path:
    """Where it stands. Raises OptionError at the endpoint for what is no file: nothing is fetched."""
    name = resource.removeprefix("resource:").removeprefix("file:").removeprefix("classpath:")
    if "://" in name or name.startswith(("http:", "https:")):
        raise OptionError(
            f"{endpoint.scheme}: {resource!r} is not a file", endpoint.at, f"keep the {what} in the project"
        )
    return endpoint.context.path(name)


def unreadable(endpoint: Endpoint, resource: str, error: Exception) -> ReferenceFault:
    """What to raise for a file that cannot be read."""
    reason = error.strerror or error if isinstance(error, OSError) else error
    return ReferenceFault(
        f"{endpoint.scheme}: {resource!r} cannot be read: {reason}",
        endpoint.at,
        "the path begins at the project's folder",
    )
