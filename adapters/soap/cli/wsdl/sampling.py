"""``esb wsdl sample``: a request and an answer of an operation, as they could be sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.soap.cli.wsdl._common import FILE, choose, example, read

if TYPE_CHECKING:
    from adapters.soap.contract.sample import Sample
    from adapters.soap.wsdl import Port


@click.command(
    "sample",
    epilog=example(
        "esb wsdl sample schemas/erp.wsdl CreateSalesOrder\nesb wsdl sample schemas/erp.wsdl CreateSalesOrder --request --format xml"
    ),
)
@click.argument("file", type=FILE)
@click.argument("operation")
@click.option("--service", default="", help="The service, where several have the operation.")
@click.option("--port", default="", help="The port.")
@click.option("--request", "only", flag_value="request", help="Only the request, as it would be a body: to pipe it on.")
@click.option("--answer", "only", flag_value="answer", help="Only the answer.")
@click.option("--fault", default="", metavar="NAME", help="Only this declared fault.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "xml"]),
    default="json",
    show_default=True,
    help="As data or as an envelope.",
)
@click.option("--minimal", is_flag=True, help="Leave out what is optional.")
@click.option("--json", "as_json", is_flag=True, help="All of it in one JSON object: data and envelopes.")
@click.pass_obj
def command(
    options: Any,
    /,
    *,
    file: Path,
    operation: str,
    service: str,
    port: str,
    only: str | None,
    fault: str,
    form: str,
    minimal: bool,
    as_json: bool,
) -> None:
    """Make a sample request and answer of an OPERATION of a WSDL FILE: values that its types allow, held against the schema."""
    from adapters.soap.contract.jsonable import text
    from adapters.soap.contract.sample import Sampler
    from adapters.soap.messages import Contract
    from esb.errors import UnknownName

    wsdl = read(options, file)
    at, found = choose(wsdl, operation, service, port)
    sampler = Sampler(Contract(wsdl))
    if fault:
        known = {name for part in found.faults for name in (part.name, part.tag.rpartition("}")[2])}
        if fault not in known:
            raise UnknownName("fault", fault, known)
        click.echo(text(sampler.fault(found, fault)))
        return
    request = sampler.request(found, minimal=minimal)
    answer = sampler.response(found, minimal=minimal)
    messages = {"request": request, "answer": answer}
    if as_json:
        told = {name: None if one is None else _all(one, at) for name, one in messages.items()}
        told["faults"] = {part.name: sampler.fault(found, part.name) for part in found.faults}
        click.echo(text(told))
        return
    if only:
        messages = {only: messages[only]}
    for name, one in messages.items():
        if len(messages) > 1:
            click.echo(f"# {name}", err=True)
        if one is not None:
            click.echo(_envelope(one, at) if form == "xml" else text(one.data))


def _all(sample: Sample, port: Port) -> dict[str, Any]:
    return {"body": sample.data, "headers": sample.headers, "envelope": _envelope(sample, port)}


def _envelope(sample: Sample, port: Port) -> str:
    from adapters.soap import envelope
    from adapters.soap.contract.jsonable import indented

    return indented(envelope.render(port.soap, b"".join(sample.xml), b"".join(sample.headers_xml)))
