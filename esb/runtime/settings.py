"""What is wrong with a project's own options beyond their form: addresses nobody can listen on, brokers nobody knows."""

from __future__ import annotations

import ipaddress
import re

from esb.broker.open import open_broker
from esb.errors import NOWHERE, ConfigError, ConfigErrors, OptionError
from esb.project import Project

_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")


def check_settings(project: Project) -> None:
    """Raises ConfigErrors with all findings; nothing is opened, and no name is looked up."""
    findings: list[ConfigError] = []
    where = project.spec.where
    for name in ("http", "management"):
        bind = getattr(project, name).bind
        if not _is_address(bind):
            hint = "write an address and a port (127.0.0.1:8080, [::1]:8080, 0.0.0.0:8080), or unix:PATH"
            findings.append(OptionError(f"{name}: nobody can listen on {bind!r}", where(name), hint))
    if project.workers < 1:
        findings.append(OptionError(f"workers: {project.workers} are too few", where("workers"), "write 1 or more"))
    try:
        open_broker(project.broker_url)
    except ConfigError as error:
        if error.at == NOWHERE:
            error.at = where("broker")
        findings.append(error)
    if findings:
        raise ConfigErrors(findings)


def _is_address(bind: str) -> bool:
    if bind.startswith("unix:"):
        return len(bind) > len("unix:")
    host, colon, port = bind.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        return False
    if host.startswith("[") and host.endswith("]"):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return False
        return True
    return _HOST.fullmatch(host) is not None
