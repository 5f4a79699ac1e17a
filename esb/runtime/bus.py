"""A project's route context with its services: what ``esb run``, ``esb test`` and ``esb check`` all start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from esb.context import DYNAMIC_SCHEMES, Reading, RouteContext, ServiceFactory
from esb.dsl.nodes import to_python
from esb.dsl.reader import read
from esb.errors import ConfigError, ConfigErrors
from esb.exchange import Exchange
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


def load_routes(project: Project, context: RouteContext, reading: Reading = read) -> None:
    """Load the routes of the project's instance. Raises ConfigErrors with all findings."""
    context.load_all([(file, project.relative(file)) for file in project.route_files()], reading)


def _broker(project: Project) -> Any:
    from esb.broker.open import open_broker

    broker = open_broker(project.broker_url)
    broker.open()
    return broker


def check_schemas(context: RouteContext) -> None:
    """Read every type, table and mapping of the project. Raises ConfigErrors with all findings."""
    findings: list[ConfigError] = []
    for service in ("datatypes", "mappings"):
        try:
            context.service(service).check()
        except ConfigErrors as errors:
            findings += errors.findings
        except ConfigError as error:
            findings.append(error)
    if findings:
        raise ConfigErrors(findings)


def _reader(project: Project) -> Callable[[Path], Any]:
    from esb.datatypes.document import from_nodes

    return lambda file: from_nodes(read(file, project.relative(file)), to_python)


def _catalogue(project: Project) -> Any:
    from esb.datatypes.catalogue import Catalogue

    return Catalogue([project.folder / project.schemas], _reader(project))


def _mappings(project: Project) -> ServiceFactory:
    def make(context: RouteContext) -> Any:
        from esb.datatypes.mapping import MappingSet

        def compile_expression(language: str, text: str) -> Callable[[Any], Any]:
            evaluate = context.language(language)(expression=text).compile(context)
            return lambda body: evaluate(Exchange(body))

        return MappingSet(
            [project.folder / project.schemas], context.service("datatypes"), _reader(project), compile_expression
        )

    return make
