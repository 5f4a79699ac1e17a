"""The file esb.yaml."""

from __future__ import annotations

from esb.project import InstanceSpec, ProjectSpec
from tools.reference.markdown import page as whole
from tools.reference.markdown import prose
from tools.reference.options import options

_ABOUT = """
A project is a folder with ``esb.yaml``, ``routes/``, ``schemas/`` and ``adapters/``. All of ``esb.yaml`` is optional, and so is the file itself.
Values may hold placeholders: ``{{key}}``, ``{{key:default}}``, ``{{env:NAME:default}}``, ``{{credential:NAME}}`` (a secret, from a file).
"""


def page() -> str:
    """Options of a project and of its instances."""
    own = [name for name in ProjectSpec.fields if name not in InstanceSpec.fields]
    return whole(
        "The project's esb.yaml",
        _ABOUT,
        [
            "## The project",
            *options(ProjectSpec, tuple(InstanceSpec.fields)),
            f"Beside these ({', '.join(own)}) it has every option of an instance.",
            "## An instance",
            prose(InstanceSpec.__doc__),
            *options(InstanceSpec),
        ],
    )
