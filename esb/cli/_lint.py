"""The linter on a project: every file once, and what the routes of each instance say to each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from esb.cli._documents import Documents
from esb.dsl.lint import lint_document
from esb.dsl.lint.allowed import not_allowed
from esb.dsl.lint.circles import calls, circles
from esb.dsl.lint.files import ownership
from esb.dsl.lint.parameters import template_parameters
from esb.dsl.lint.properties import dead_properties
from esb.dsl.lint.references import references
from esb.dsl.lint.rules import Finding
from esb.dsl.lint.secrets import configuration_secrets
from esb.dsl.lint.unused import Words, unused_declarations, unused_types
from esb.dsl.lint.uses import Uses, uses
from esb.dsl.nodes import Node
from esb.dsl.walk import Part, walk
from esb.errors import ConfigError
from esb.project import CONFIG, Project
from esb.registry import Registry

_LARGEST = 4 * 1024 * 1024
_TEXTS = ("*.yaml", "*.yml", "*.py", "*.properties", "*.xsl", "*.xslt", "*.kamelet.yaml")


@dataclass(frozen=True)
class _File:
    root: Node
    text: str
    parts: tuple[Part, ...] = ()


def lint(instances: Sequence[Project], read_once: Documents, told_before: Sequence[Finding] = ()) -> list[Finding]:
    """The findings about a project, given as all its instances, and those that its load told; allowed ones left out.

    Files that cannot be read are told by the load.
    """
    registry = Registry()
    files: dict[Path, _File] = {}
    found: dict[str, Finding] = {}
    _note(found, iter(told_before))
    for project in instances:
        for file in documents(project):
            if file not in files:
                read_file = _read(read_once, file, project.relative(file), registry)
                if read_file is not None:
                    files[file] = read_file
                    _note(found, _of_file(file, read_file, project, registry))
    told = [(project, _uses(project, files, registry)) for project in instances]
    for project, own in told:
        beyond = Uses()
        for other, theirs in told:
            if _broker(other) == _broker(project):
                beyond.take(theirs)
        _note(found, references(own, beyond))
        parts = [part for file in documents(project) if file in files for part in files[file].parts]
        _note(found, circles(calls(parts, project.properties)))
        _note(found, template_parameters(parts))
    for project in instances[:1]:
        _note(found, _of_project(project, files, read_once))
    texts = {instances[0].relative(file): one.text for file, one in files.items()}
    kept: list[Finding] = []
    for name in {finding.at.file for finding in found.values()}:
        here = [finding for finding in found.values() if finding.at.file == name]
        kept += not_allowed(here, texts.get(name) or _text(instances[0].folder / name))
    return kept


def documents(project: Project) -> list[Path]:
    """The route files of an instance, and the kamelets that they may use."""
    return [*project.route_files(), *sorted((project.folder / "kamelets").glob("*.kamelet.yaml"))]


def _broker(project: Project) -> str:
    """What tells instances at one broker from others. Not the URL of the embedded one, whose folder asking would make."""
    return project.spec.broker or f"that of the instance {project.instance!r}"


def _note(found: dict[str, Finding], findings: Iterator[Finding]) -> None:
    for finding in findings:
        found.setdefault(str(finding), finding)


def _read(read_once: Documents, file: Path, name: str, registry: Registry | None = None) -> _File | None:
    try:
        root = read_once.read(file, name)
        return _File(root, _text(file), tuple(walk(root, registry)) if registry is not None else ())
    except (ConfigError, OSError):
        return None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace") if file.stat().st_size < _LARGEST else ""
    except OSError:
        return ""


def _of_file(file: Path, content: _File, project: Project, registry: Registry) -> Iterator[Finding]:
    yield from lint_document(content.root, registry, content.parts)
    yield from ownership(file, project.relative(file), project.folder.stat().st_uid)


def _uses(project: Project, files: dict[Path, _File], registry: Registry) -> Uses:
    own = Uses()
    for file in documents(project):
        if file in files:
            own.take(uses(files[file].parts, registry, project.properties))
    return own


def _of_project(project: Project, files: dict[Path, _File], read_once: Documents) -> Iterator[Finding]:
    configuration = _read(read_once, project.folder / CONFIG, CONFIG)
    if configuration is None:
        return
    yield from configuration_secrets(configuration.root)
    folders = {project.folder / name for name in ("routes", "kamelets", project.schemas, project.adapters)}
    others = {file for folder in folders for pattern in _TEXTS for file in folder.rglob(pattern)} - set(files)
    texts = [configuration.text, *(one.text for one in files.values()), *map(_text, sorted(others))]
    yield from dead_properties(configuration.root, texts)
    words = Words(texts)
    for one in files.values():
        yield from unused_declarations(one.parts, words)
    for file in sorted((project.folder / project.schemas).glob("*.yaml")):
        declared = _read(read_once, file, project.relative(file))
        if declared is not None:
            yield from unused_types(declared.root, file.stem, words)
