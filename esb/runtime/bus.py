"""A project's route context with its services: what ``esb run``, ``esb test`` and ``esb check`` all start from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from esb.context import DYNAMIC_SCHEMES, RouteContext, ServiceFactory
from esb.project import Project


def make_context(project: Project, services: Mapping[str, ServiceFactory] | None = None) -> RouteContext:
    """A context for one instance of a project, nothing loaded yet. ``services`` go before the usual ones (a test's broker in memory)."""
    dynamic = (
        project.dynamic.schemes
        if project.dynamic is not None and project.dynamic.schemes is not None
        else DYNAMIC_SCHEMES
    )
    usual: dict[str, ServiceFactory] = {
        "broker": lambda _: _broker(project),
        "datatypes": lambda _: _catalogue(project),
        "mappings": _mappings(project),
        "project": lambda _: project,
    }
    return RouteContext(
        project.instance or project.name,
        project.properties,
        folder=project.folder,
        services=usual | dict(services or {}),
        dynamic_schemes=dynamic,
    )


def load_routes(project: Project, context: RouteContext) -> None:
    """Load the routes of the project's instance. Raises ConfigErrors with all findings."""
    context.load_all([(file, project.relative(file)) for file in project.route_files()])


def _broker(project: Project) -> Any:
    from esb.broker.open import open_broker

    broker = open_broker(project.broker_url)
    broker.open()
    return broker


def _catalogue(project: Project) -> Any:
    from esb.datatypes.catalogue import Catalogue

    return Catalogue([project.folder / project.schemas])


def _mappings(project: Project) -> ServiceFactory:
    def make(context: RouteContext) -> Any:
        from esb.datatypes.mapping import MappingSet

        return MappingSet(project.folder / project.schemas, context.service("datatypes"))

    return make
