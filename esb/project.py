"""A project folder: esb.yaml, where routes and schemas are, and what each instance runs."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from esb.dsl.nodes import MapNode, Node, ScalarNode
from esb.dsl.parse import Parser
from esb.dsl.placeholders import Properties
from esb.dsl.propertyfiles import load
from esb.dsl.reader import read
from esb.errors import ConfigError, ConfigErrors, Position, ProjectError, UnknownName
from esb.fields import Kind, Spec, field
from esb.registry import Registry

CONFIG = "esb.yaml"


class HttpSpec(Spec):
    """Where the bus listens for HTTP: routes from rest, platform-http and soap."""

    name = "http"
    bind = field(
        Kind.TEXT, "127.0.0.1:8080", scalar=True, doc="Address and port, or unix:PATH.", example="0.0.0.0:8080"
    )
    threads = field(Kind.INT, 40, doc="Requests that one worker runs at the same time.")
    max_body = field(Kind.SIZE, 10 * 1024 * 1024, doc="Largest request body.", example="10mb")
    certificate = field(Kind.TEXT, None, doc="PEM file of the server's certificate chain: turns TLS on.")
    key = field(Kind.TEXT, None, doc="PEM file of the private key.")


class ManagementSpec(Spec):
    """Where health, metrics and control are served: loopback unless said otherwise."""

    name = "management"
    bind = field(Kind.TEXT, "127.0.0.1:9090", scalar=True, doc="Address and port, or unix:PATH.")


class DynamicSpec(Spec):
    """What messages may choose."""

    name = "dynamic"
    schemes = field(
        Kind.NAMES,
        None,
        doc="Schemes that a message may bring (recipientList, toD); none that leaves the bus by default.",
    )


class InstanceSpec(Spec):
    """What one instance (``esb run --instance NAME``) runs, where it differs from the project."""

    name = "instance"
    routes = field(
        Kind.NAMES,
        None,
        doc="Folders, files or patterns of routes, relative to the project.",
        example="[routes/crm-*.yaml]",
    )
    broker = field(
        Kind.TEXT,
        None,
        secret=True,
        doc="The durable channels: sqlite:PATH or amqp://host.",
        example="sqlite:var/bus.db",
    )
    http = field(Kind.SPEC, None, spec=HttpSpec, doc="The web server.")
    management = field(Kind.SPEC, None, spec=ManagementSpec, doc="The management port.")
    workers = field(Kind.INT, None, doc="Worker processes; 1 by default.", example="2")
    state = field(
        Kind.TEXT, None, doc="Folder for what the instance keeps: embedded broker, leases, idempotency; var by default."
    )
    lease = field(
        Kind.TEXT,
        None,
        enum=("host", "cluster"),
        doc="Where exclusive sources (timer, cron, file) run once: on each host, or in all that share a RabbitMQ and the project's name; "
        "cluster by default where the broker is RabbitMQ.",
    )
    drain = field(
        Kind.DURATION, None, doc="How long a stop waits for what is under way; 30s by default.", example="20s"
    )
    properties = field(Kind.MAP, None, doc="Values of placeholders, which routes name as {{key}}.")
    dynamic = field(Kind.SPEC, None, spec=DynamicSpec, doc="What messages may choose.")


class ProjectSpec(InstanceSpec):
    """The file esb.yaml."""

    name = "esb.yaml"
    project = field(Kind.TEXT, "esb", doc="Name of the project.")
    schemas = field(Kind.TEXT, "schemas", doc="Folder of data types, mappings, tables and WSDLs.")
    adapters = field(Kind.TEXT, "adapters", doc="Folder of own components.")
    property_files = field(Kind.NAMES, (), doc="Property files (.properties or YAML), later ones win.")
    credentials = field(Kind.TEXT, "credentials", doc="Folder with one secret a file, where systemd gives none.")
    instances = field(Kind.ANY, None, doc="Instances by name, each with the options that differ.")


_DEFAULTS: dict[str, Any] = {"workers": 1, "state": "var", "drain": 30.0}


@dataclass(frozen=True)
class Project:
    """One instance of a project, with every option known. Immutable."""

    folder: Path
    name: str
    instance: str
    spec: ProjectSpec
    properties: Properties
    instances: tuple[str, ...] = ()

    @classmethod
    def open(cls, folder: Path | str = ".", instance: str = "", properties: dict[str, str] | None = None) -> Project:
        """Read a project and put its folder on the import path. Raises ConfigErrors with all findings, ProjectError for a wrong folder.

        ``properties`` are those of the command line (``-p key=value``) and beat the files'.
        """
        root = Path(folder).resolve()
        if not root.is_dir():
            raise ProjectError(
                f"there is no folder {folder}", hint="name the project's folder, or make one with 'esb new'"
            )
        _refuse_packages(root)
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        file = root / CONFIG
        node: Node = read(file, CONFIG) if file.exists() else MapNode(())
        if isinstance(node, ScalarNode) and node.is_null:
            node = MapNode((), node.at)
        if not isinstance(node, MapNode):
            raise ProjectError(f"{CONFIG} is a map of options, not {node}", node.at)
        findings: list[ConfigError] = []
        values = _properties(root, node, instance, findings, properties)
        spec = Parser(Registry(), values, findings).spec(
            ProjectSpec, _merged(node, instance, findings), Position(CONFIG, 1, 1)
        )
        if findings or spec is None:
            raise ConfigErrors(findings)
        return cls(root, spec.project, instance, spec, values, tuple(_instances(node)))

    def __getattr__(self, option: str) -> Any:
        """An option of esb.yaml, or its default."""
        if option not in {declared.attribute for declared in ProjectSpec.fields.values()}:
            raise AttributeError(option)
        value = getattr(self.spec, option)
        if value is not None:
            return value
        if option in {"http", "management"}:
            return {"http": HttpSpec, "management": ManagementSpec}[option]()
        return _DEFAULTS.get(option)

    @property
    def state_folder(self) -> Path:
        """Where this instance keeps what must survive; under systemd its StateDirectory. Made on first use, for its owner only."""
        given = os.environ.get("STATE_DIRECTORY")
        folder = Path(given) if given else self.folder / self.state
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def run_folder(self) -> Path:
        """Where the workers' control sockets are; under systemd its RuntimeDirectory. Made on first use, for its owner only."""
        given = os.environ.get("RUNTIME_DIRECTORY")
        folder = Path(given) if given else self.state_folder / (f"run-{self.instance}" if self.instance else "run")
        if len(str(folder)) > 80:  # a Unix socket's path has room for 107 bytes
            digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"esb-{os.getuid()}-{digest}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise ProjectError(f"{folder} belongs to somebody else", hint="remove it, or set RUNTIME_DIRECTORY")
        return folder

    @property
    def broker_url(self) -> str:
        """The broker's URL; the embedded one in the state folder by default. A relative sqlite path is below the project."""
        url: str = (
            self.spec.broker or f"sqlite:{self.state_folder / (f'{self.instance}.db' if self.instance else 'bus.db')}"
        )
        if url.startswith("sqlite:") and not Path(url.removeprefix("sqlite:")).is_absolute():
            return f"sqlite:{self.folder / url.removeprefix('sqlite:')}"
        return url

    def route_files(self) -> list[Path]:
        """The route files of this instance, sorted; declarative tests (``*.test.yaml``) are not among them."""
        found: set[Path] = set()
        for pattern in self.spec.routes or ("routes",):
            place = self.folder / pattern
            matches = [place] if place.exists() else list(self.folder.glob(pattern))
            if not matches and self.spec.routes:
                raise ProjectError(
                    f"no routes at {pattern!r}",
                    Position(CONFIG),
                    "name a folder, a file or a pattern below the project",
                )
            for match in matches:
                found |= {match} if match.is_file() else {*match.glob("*.yaml"), *match.glob("*.yml")}
        return sorted(file for file in found if not file.name.endswith((".test.yaml", ".test.yml")))

    def relative(self, file: Path) -> str:
        """A file as messages name it."""
        return str(file.relative_to(self.folder)) if file.is_relative_to(self.folder) else str(file)


def _instances(node: MapNode) -> list[str]:
    instances = node.get("instances")
    return instances.keys() if isinstance(instances, MapNode) else []


def _merged(node: MapNode, instance: str, findings: list[ConfigError]) -> MapNode:
    """The options of the project with those of the instance over them."""
    if not instance:
        return node
    instances = node.get("instances")
    own = instances.get(instance) if isinstance(instances, MapNode) else None
    if own is None:
        at = instances.at if instances else Position(CONFIG)
        findings.append(UnknownName("instance", instance, _instances(node), at))
        return node
    if not isinstance(own, MapNode):
        findings.append(ProjectError(f"instance {instance!r} is a map of options, not {own}", own.at))
        return node
    return MapNode((*node.without(*own.keys()).entries, *own.entries), node.at)


def _properties(
    root: Path, node: MapNode, instance: str, findings: list[ConfigError], given: dict[str, str] | None
) -> Properties:
    first = Properties(credentials=(root / "credentials",))
    parser = Parser(Registry(), first, findings)
    values: dict[str, str] = {}
    files = node.get("propertyFiles")
    if files is not None:
        for name in [parser.text(item) for item in (files.items if hasattr(files, "items") else (files,))]:
            values |= load(root / name)
    merged = _merged(node, instance, [])
    for source in (node.get("properties"), merged.get("properties")):
        if isinstance(source, MapNode):
            values |= {key.text: value.text for key, value in source if isinstance(value, ScalarNode)}
    values |= _own_properties(root, parser, merged, instance)
    credentials = node.get("credentials")
    folder = credentials.text if isinstance(credentials, ScalarNode) else "credentials"
    return Properties(values, system=given, credentials=(root / folder,))


def _own_properties(root: Path, parser: Parser, merged: MapNode, instance: str) -> dict[str, str]:
    """What routes may ask about where they run: ``{{esb.state}}``, ``{{esb.project}}``, ``{{esb.instance}}``."""
    state = merged.get("state")
    given = os.environ.get("STATE_DIRECTORY")
    folder = given or str(root / (parser.text(state) if state is not None else _DEFAULTS["state"]))
    return {"esb.state": folder, "esb.project": str(root), "esb.instance": instance}


def _refuse_packages(root: Path) -> None:
    """An ``__init__.py`` in adapters/ or schemas/ would hide the installed adapters: refuse it, saying why."""
    for name in ("adapters", "schemas"):
        marker = root / name / "__init__.py"
        if marker.exists():
            raise ProjectError(
                f"{name}/__init__.py hides the adapters that come with the bus",
                Position(f"{name}/__init__.py", 1, 1),
                "remove the file: the folder is a namespace that several places share",
            )
    spec = importlib.util.find_spec("adapters")
    if spec is not None and spec.origin is not None:
        raise ProjectError(
            f"a foreign package 'adapters' is installed at {spec.origin}",
            hint="uninstall it: it hides the bus's adapters",
        )
