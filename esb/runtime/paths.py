"""The paths of one worker's web server: who answers which method and path."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter, Rule

from esb.errors import ReferenceFault
from esb.httphost import HttpHandler

_REMEMBERED: Final = 1000


@dataclass(eq=False)
class Mount:
    """A path and its handler; keeps :class:`esb.httphost.Mounted`."""

    methods: tuple[str, ...]
    path: str
    handler: HttpHandler
    max_body: int
    prefix: bool
    owner: str
    paths: Paths = field(repr=False)
    spool: int | None = None

    def remove(self) -> None:
        """Take the path away."""
        self.paths.unmount(self)


class Paths:
    """Keeps :class:`esb.httphost.HttpHost`. Thread-safe: a look-up reads one immutable map, a change builds a new one."""

    def __init__(self, base_url: str = "") -> None:
        self._base_url = base_url
        self._mounts: tuple[Mount, ...] = ()
        self._lock = threading.Lock()
        self._routes = _Routes(())

    @property
    def base_url(self) -> str:
        """Where the server listens."""
        return self._base_url

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What is mounted now."""
        return self._mounts

    def mount(
        self,
        methods: Sequence[str],
        path: str,
        handler: HttpHandler,
        *,
        max_body: int = 10 * 1024 * 1024,
        prefix: bool = False,
        owner: str = "",
        spool: int | None = None,
    ) -> Mount:
        """Register a path; see :class:`esb.httphost.HttpHost`."""
        upper = tuple(method.upper() for method in methods)
        made = Mount(upper, "/" + path.strip("/"), handler, max_body, prefix, owner, self, spool)
        with self._lock:
            for other in self._mounts:
                shared = not other.methods or not made.methods or set(other.methods) & set(made.methods)
                if shared and other.path == made.path and other.prefix == made.prefix:
                    told = f"{' '.join(made.methods) or 'every method'} {made.path}"
                    raise ReferenceFault(f"{told} is taken by {other.owner}", hint="give one of them another path")
            self._mounts = (*self._mounts, made)
            self._routes = _Routes(self._mounts)
        return made

    def unmount(self, mount: Mount) -> None:
        """Take a path away. Idempotent."""
        with self._lock:
            self._mounts = tuple(other for other in self._mounts if other is not mount)
            self._routes = _Routes(self._mounts)

    def find(self, method: str, path: str) -> tuple[Mount, dict[str, str]] | int:
        """Who answers, with the path's parameters; or the status to refuse with (404, 405)."""
        return self._routes.find(method, path)


class _Routes:
    """One set of mounts, immutable but for what it has found so far."""

    def __init__(self, mounts: Sequence[Mount]) -> None:
        self._adapter = _adapter(mounts)
        self._known: dict[tuple[str, str], Mount] = {}
        """Mounts that a plain path led to: most requests go to a few of them, and matching costs as much as reading the request."""

    def find(self, method: str, path: str) -> tuple[Mount, dict[str, str]] | int:
        known = self._known.get((method, path))
        if known is not None:
            return known, {}
        try:
            mount, found = self._asked_head(path) if method == "HEAD" else self._adapter.match(path, method)
        except NotFound:
            return 404
        except MethodNotAllowed:
            return 405
        if not found and len(self._known) < _REMEMBERED:  # where every method is taken, clients choose its name
            self._known[method, path] = mount
        values = {name: value for name, value in found.items() if name != "_rest"}
        return mount, {name: str(value) for name, value in values.items()}

    def _asked_head(self, path: str) -> tuple[Any, Any]:
        """Who answers HEAD itself; elsewhere it is a GET without the body."""
        try:
            mount, found = self._adapter.match(path, "HEAD")
        except HTTPException:
            return self._adapter.match(path, "GET")
        return (mount, found) if "HEAD" in mount.methods else self._adapter.match(path, "GET")


def _adapter(mounts: Sequence[Mount]) -> MapAdapter:
    # Paths are matched as they stand: no redirects, no merging of slashes, so that what is authorised is what is dispatched.
    rules = Map(strict_slashes=False, redirect_defaults=False, merge_slashes=False)
    for mount in mounts:
        template = _template(mount.path)
        rules.add(_rule(template, mount))
        if mount.prefix:
            rules.add(_rule(template.rstrip("/") + "/<path:_rest>", mount))
    return rules.bind("")


def _rule(template: str, mount: Mount) -> Rule:
    rule = Rule(template, endpoint=mount, methods=mount.methods or None)
    if rule.methods and "HEAD" not in mount.methods:
        rule.methods.discard("HEAD")  # werkzeug adds it to GET, and would prefer it to a path that answers HEAD itself
    return rule


def _template(path: str) -> str:
    """``/customers/{id}`` -> werkzeug's ``/customers/<id>``."""
    return path.replace("<", "%3C").replace(">", "%3E").replace("{", "<").replace("}", ">")
