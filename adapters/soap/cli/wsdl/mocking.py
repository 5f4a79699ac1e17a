"""``esb wsdl mock``: a partner that is not there yet."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.soap.cli.wsdl._common import FILE, example, read
from esb.errors import ConfigError, Position, ProjectError, UnknownName

if TYPE_CHECKING:
    from adapters.soap.contract.mock import Behaviour, Call, Mock

_EXAMPLE = """
esb wsdl mock schemas/erp.wsdl
esb wsdl mock schemas/erp.wsdl --answers mocks/erp.json --delay 200ms --fault GetSalesOrder=BusinessFault
curl -H 'X-Mock-Fault: BusinessFault' ...     # a fault for one request; X-Mock-Delay and X-Mock-Status likewise
"""


@click.command("mock", epilog=example(_EXAMPLE))
@click.argument("file", type=FILE)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8088, show_default=True, help="The port; 0 for any free one.")
@click.option(
    "--answers",
    type=FILE,
    metavar="FILE",
    help="Answers by operation (JSON), such as 'esb wsdl import' makes; else samples.",
)
@click.option(
    "--delay",
    "delays",
    multiple=True,
    metavar="[OPERATION=]TIME",
    help="Wait before answering, such as 200ms; may be repeated.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="[OPERATION=]NAME",
    help="Always answer with this fault; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Tell each call as a line of JSON.")
@click.pass_obj
def command(
    options: Any,
    /,
    *,
    file: Path,
    host: str,
    port: int,
    answers: Path | None,
    delays: tuple[str, ...],
    faults: tuple[str, ...],
    as_json: bool,
) -> None:
    """Serve the contract of a WSDL FILE with sample answers until it is interrupted.

    The first service is at /, each port at /SERVICE/PORT; ?wsdl gives the contract. Requests that break it get the fault that they would get from the
    bus. The HTTP headers X-Mock-Fault, X-Mock-Delay (seconds) and X-Mock-Status of a request ask for a fault, a delay, or an HTTP status.
    """
    from adapters.soap.contract.mock import Mock, MockServer
    from adapters.soap.messages import Contract

    behaviours = _behaviours(options, answers, delays, faults)
    mock = Mock(Contract(read(options, file)), behaviours, lambda call: _tell(call, as_json=as_json))
    _check_faults(mock, behaviours)
    try:
        server = MockServer(mock, host, port)
    except OSError as exc:
        raise ProjectError(
            f"{host}:{port} cannot be served: {exc.strerror}", hint="choose another with --port"
        ) from exc
    if as_json:
        click.echo(json.dumps({"url": server.url, "paths": list(mock.services)}))
    else:
        click.echo(f"{server.url} answers for {file} ({', '.join(mock.services)}); stop it with Ctrl-C")
    _until_stopped(server)


def _until_stopped(server: Any) -> None:
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with server:
        stop.wait()


def _behaviours(
    options: Any, answers: Path | None, delays: tuple[str, ...], faults: tuple[str, ...]
) -> dict[str, Behaviour]:
    from dataclasses import replace

    from adapters.soap.contract.mock import Behaviour, behaviours_of
    from esb.fields import seconds

    made = behaviours_of(_json(options, answers)) if answers is not None else {}
    for kind, pairs in (("delay", delays), ("fault", faults)):
        for pair in pairs:
            operation, sign, value = pair.rpartition("=")
            name = operation if sign else "*"
            try:
                given: Any = seconds(value) if kind == "delay" else value
            except ValueError as exc:
                raise click.BadParameter(f"{value!r} is no time, such as 200ms or 2s", param_hint="--delay") from exc
            made[name] = replace(made.get(name, Behaviour()), **{kind: given})
            if name == "*":
                made = {each: replace(one, **{kind: given}) for each, one in made.items()}
    return made


def _json(options: Any, answers: Path) -> Any:
    path = answers if answers.is_absolute() else Path(options.folder) / answers
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ConfigError(f"the answers cannot be read: {exc}", Position(str(path))) from exc


def _check_faults(mock: Mock, behaviours: dict[str, Behaviour]) -> None:
    """A fault that no operation declares is a typing mistake, not a wish."""
    known = {
        name
        for service in mock.services.values()
        for port in service.ports.values()
        for operation in port.operations.values()
        for part in operation.faults
        for name in (part.name, part.tag.rpartition("}")[2])
    }
    for behaviour in behaviours.values():
        if behaviour.fault and behaviour.fault not in known | {"Server", "Client"}:
            raise UnknownName("fault", behaviour.fault, known | {"Server", "Client"})


def _tell(call: Call, *, as_json: bool) -> None:
    if as_json:
        told = {
            "path": call.path,
            "operation": call.operation,
            "outcome": call.outcome,
            "milliseconds": round(call.seconds * 1000, 1),
        }
        click.echo(json.dumps(told))
        return
    click.echo(f"{call.path} {call.operation or '(no operation)'}: {call.outcome}, {call.seconds * 1000:.0f} ms")
