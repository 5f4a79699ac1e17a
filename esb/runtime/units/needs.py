"""What an instance needs of the machine: folders to write, addresses to reach, secrets. Found in its files; no code of the project is run."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode
from esb.dsl.reader import read_all
from esb.errors import ConfigError
from esb.project import CONFIG, Project
from esb.runtime.units.folders import Folders

_CREDENTIAL: Final = re.compile(r"\{\{\??credential:\??([A-Za-z0-9_][A-Za-z0-9_.-]*)")
_SHARED: Final = frozenset(map(Path, ("/run", "/run/esb", "/tmp", "/var/tmp")))  # noqa: S108 -- nothing is written there
_PLACES: Final = frozenset({"addresses", "host"})
_HOST: Final = re.compile(r"\b(?:https?|amqps?|s?ftps?|wss?):(?://)?([^/?#\s${}]+)")


@dataclass
class Needs:
    """One instance's needs. ``writes`` and ``addresses`` come with the reason for each; ``warnings`` say what could not be found out."""

    name: str
    """As systemd calls it; for the project's own routes the project's name."""
    instance: str
    drain: int
    writes: list[tuple[str, str]] = field(default_factory=list)
    addresses: list[tuple[str, str]] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)
    low_port: int = 0
    unix_socket: str = ""
    """The Unix address that it listens at; such a one is given to its user when it is made."""
    warnings: list[str] = field(default_factory=list)


def needs_of(project: Project, name: str) -> Needs:
    """What the project's instance needs."""
    needs = Needs(name, project.instance, int(project.drain + 0.999))
    texts = [(scalar.text, str(scalar.at)) for scalar in _scalars(project)]
    needs.credentials = sorted({found for text, _ in texts for found in _CREDENTIAL.findall(text)})
    hosts: dict[str, str] = {}
    for text, at in texts:
        for host in _HOST.findall(_resolved(project, text)):
            _note(hosts, host, at)
    folders = Folders(project.folder, lambda text: _resolved(project, text))
    for root in _roots(project):
        folders.look(root)
    for text, at in ((scalar.text, str(scalar.at)) for scalar in _listed(project)):
        _note(hosts, _resolved(project, text), at)
    broker = project.broker_url
    if broker.startswith("sqlite:"):
        # Without a broker in esb.yaml it is in the StateDirectory, which systemd makes.
        if project.spec.broker:
            path = Path(broker.removeprefix("sqlite:").partition("?")[0].removeprefix("//"))
            folders.writes.setdefault(str(path.parent.resolve()), "the embedded broker")
    elif (matched := _HOST.match(broker)) is not None:
        _note(hosts, matched[1], "the broker")
    _sockets(needs, folders, project)
    needs.writes = folders.outermost()
    needs.warnings += folders.warnings
    _reach(needs, hosts, project)
    return needs


def _roots(project: Project) -> Iterator[Node]:
    """The instance's route files, and what esb.yaml says of all that the project's instances share."""
    for file in project.route_files():
        yield from read_all(file, project.relative(file))
    config = project.folder / CONFIG
    if config.exists():
        for root in read_all(config, CONFIG):
            if isinstance(root, MapNode):
                yield root.without("instances", "properties", "broker", "http", "management", "state")


def _scalars(project: Project) -> Iterator[ScalarNode]:
    """The texts of the instance's route files, and of esb.yaml without the other instances."""
    for root in _roots(project):
        yield from _walk(root)
    config = project.folder / CONFIG
    if config.exists():
        for root in read_all(config, CONFIG):
            if isinstance(root, MapNode):
                instances = root.get("instances")
                own = instances.get(project.instance) if isinstance(instances, MapNode) else None
                for node in (own, root.get("properties"), root.get("broker")):
                    # Properties name hosts that no route of this instance may use; but a credential in them is asked for at start-up.
                    yield from (one for one in _walk(node) if "credential:" in one.text)


def _listed(project: Project) -> Iterator[ScalarNode]:
    """Hosts that stand by themselves: ``addresses`` and ``host`` of connection factories and endpoints."""
    for file in project.route_files():
        for root in read_all(file, project.relative(file)):
            yield from (value for key, value in _pairs(root) if key in _PLACES and isinstance(value, ScalarNode))


def _pairs(node: Node) -> Iterator[tuple[str, Node]]:
    for value in node if isinstance(node, ListNode) else ():
        yield from _pairs(value)
    if isinstance(node, MapNode):
        for key, value in node:
            yield key.text, value
            yield from _pairs(value)


def _note(hosts: dict[str, str], text: str, at: str) -> None:
    """Note the hosts of a URL, or of a list with commas."""
    for host in text.rpartition("@")[2].split(","):
        if host.strip():
            hosts.setdefault(_host(host.strip()), at)


def _walk(node: Node | None) -> Iterator[ScalarNode]:
    match node:
        case ScalarNode():
            yield node
        case ListNode():
            for item in node:
                yield from _walk(item)
        case MapNode():
            for _, value in node:
                yield from _walk(value)


def _resolved(project: Project, text: str) -> str:
    if "{{" not in text:
        return text
    # What has no value here (a template's parameter) says nothing about the machine; a secret is left out.
    with suppress(ConfigError):
        return str(project.properties.resolve(_CREDENTIAL.sub("{{?sys:none", text)))
    return ""


def _host(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition("@")[2].partition(":")[0]


def _sockets(needs: Needs, folders: Folders, project: Project) -> None:
    for listener in (project.http, project.management):
        kind, _, path = str(listener.bind).partition(":")
        if kind != "unix":
            continue
        needs.unix_socket = str(listener.bind)
        folder = (project.folder / path.removeprefix("//")).resolve().parent
        if folder in _SHARED:
            needs.warnings.append(
                f"it listens at {listener.bind}, where the service may not write or nobody else sees it: "
                f"give the socket a folder of its own, such as /srv/{needs.name}, which its clients may enter"
            )
        elif not folder.is_relative_to(f"/run/esb/{needs.name}"):  # the RuntimeDirectory
            folders.writes.setdefault(str(folder), f"it listens at {listener.bind}")


def _reach(needs: Needs, hosts: dict[str, str], project: Project) -> None:
    for listener in (project.http, project.management):
        address, _, port = str(listener.bind).rpartition(":")
        if address.startswith("unix"):
            continue
        if port.isdigit() and 0 < int(port) < 1024:
            needs.low_port = int(port)
        if not _is_local(address):
            needs.addresses.append(("any", f"it listens at {listener.bind}: clients may come from anywhere"))
            return
    named = False
    for host, why in sorted(hosts.items()):
        if _is_local(host):
            continue
        found = list(_addresses(host))
        named = named or found != [host]
        needs.addresses += [(address, f"{host} (as resolved now), {why}") for address in found]
        if not found:
            needs.warnings.append(
                f"{host} ({why}) could not be resolved: add IPAddressAllow= for it in a drop-in of your own"
            )
    if named:
        needs.addresses += [(address, "name server") for address in _name_servers() if not _is_local(address)]


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _addresses(host: str) -> Iterable[str]:
    with suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    with suppress(OSError, UnicodeError):
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None)})
    return []


def _name_servers() -> list[str]:
    with suppress(OSError):
        lines = Path("/etc/resolv.conf").read_text(encoding="utf-8").splitlines()
        return [line.split()[1] for line in lines if line.startswith("nameserver") and len(line.split()) > 1]
    return []
