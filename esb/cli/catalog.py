"""``esb catalog``: what routes may name, and the options of each."""

from __future__ import annotations

import json
from typing import Any

import click

from esb.cli._terminal import example, table
from esb.cli.main import Options
from esb.dsl.schema import schema
from esb.errors import UnknownName
from esb.fields import Spec
from esb.registry import Registry

KINDS = {"steps": "step", "components": "component", "languages": "language", "dataformats": "dataformat"}


_EXAMPLE = """\
esb catalog
esb catalog steps
esb catalog components bus
esb catalog schema > routes.schema.json   # for an editor's YAML plugin
"""


@click.command("catalog", epilog=example(_EXAMPLE))
@click.argument("kind", required=False, type=click.Choice([*KINDS, "schema"]))
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(options: Options, /, *, kind: str | None, name: str | None, as_json: bool) -> None:
    """List the steps, components, languages and data formats that routes may name; with NAME, the options of one.

    'schema' prints the JSON Schema of route files, for editors.
    """
    options.project()  # the project's own adapters belong to the catalogue
    registry = Registry()
    if kind == "schema":
        click.echo(json.dumps(schema(registry), indent=1, ensure_ascii=False))
        return
    if kind is None or name is None:
        kinds = [kind] if kind else list(KINDS)
        told = {one: registry.names(KINDS[one]) for one in kinds}
        if as_json:
            click.echo(json.dumps(told, indent=2))
            return
        for one, names in told.items():
            click.echo(f"{one} ({len(names)}): {', '.join(names)}")
        return
    try:
        found: Any = registry.lookup(KINDS[kind], name)
    except UnknownName as error:
        raise click.UsageError(str(error)) from error
    spec: type[Spec] = found.endpoint_class if kind == "components" else found
    click.echo(json.dumps(_data(spec, name), indent=2, default=str) if as_json else _page(spec, name))


def _data(spec: type[Spec], name: str) -> dict[str, Any]:
    return {
        "name": name,
        "doc": (spec.__doc__ or "").strip(),
        "options": {
            option: {
                "type": declared.kind.value,
                "required": declared.required,
                **({} if declared.required else {"default": declared.default}),
                "doc": declared.doc,
                **({"example": declared.example} if declared.example else {}),
                **({"enum": declared.enum} if declared.enum else {}),
                **({"secret": True} if declared.secret else {}),
            }
            for option, declared in spec.fields.items()
        },
    }


def _page(spec: type[Spec], name: str) -> str:
    rows = [
        (
            option,
            declared.kind.value,
            "required" if declared.required else "" if declared.default in (None, ()) else declared.default,
            " ".join((declared.doc, *(("One of", ", ".join(declared.enum)) if declared.enum else ()))),
        )
        for option, declared in spec.fields.items()
    ]
    return f"{name}: {(spec.__doc__ or '').strip()}\n\n{table(('OPTION', 'TYPE', 'DEFAULT', 'WHAT'), rows)}"
