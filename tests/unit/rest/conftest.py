"""The web server's paths without a web server: requests go straight to whoever answers."""

from __future__ import annotations

import json
import textwrap
import threading
from typing import Any

import pytest

from esb.context import RouteContext
from esb.httphost import HttpRequest, HttpResponse
from esb.runtime.paths import Paths
from tests.unit.datatypes.project import catalogue

TYPES = """
types:
  Order:
    fields:
      id: {type: string, required: true}
      amount: {type: decimal, required: true}
      note: {type: string}
"""


class Answer:
    """A response with its headers by their lower case names, and its body as text."""

    def __init__(self, response: HttpResponse) -> None:
        self.status = response.status
        self.pairs = list(response.headers)
        self.headers = {name.lower(): value for name, value in response.headers}
        self.body = response.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """Routes behind paths."""

    def __init__(self, context: RouteContext, paths: Paths) -> None:
        self.context = context
        self.paths = paths

    def __call__(self, method: str, target: str, body: bytes | str = b"", **headers: str) -> Answer:
        path, _, query = target.partition("?")
        found = self.paths.find(method, path)
        if isinstance(found, int):
            return Answer(HttpResponse(found))
        mount, parameters = found
        data = body.encode() if isinstance(body, str) else body
        given = [(name.lower().replace("_", "-"), value) for name, value in headers.items()]
        request = HttpRequest(
            method, path, query, given, data, path_parameters=parameters, host="bus:80", template=mount.path
        )
        answers: list[HttpResponse] = []
        answered = threading.Event()

        def respond(response: HttpResponse) -> None:
            answers.append(response)
            answered.set()

        mount.handler(request, respond)
        assert answered.wait(10), "no answer came"
        return Answer(answers[0])

    def got(self, mock: str) -> list[Any]:
        endpoint: Any = self.context.endpoint(f"mock:{mock}")
        return list(endpoint.received)


@pytest.fixture
def load(tmp_path):
    """Loads routes and starts them: ``server = load(text)``."""
    types = catalogue(tmp_path, {"crm.yaml": TYPES})
    contexts = []

    def make(routes: str, **beans: Any) -> Server:
        paths = Paths("http://bus:80")
        context = RouteContext(
            "test", folder=tmp_path, services={"http": lambda _: paths, "datatypes": lambda _: types}
        )
        contexts.append(context)
        for name, bean in beans.items():
            context.bind("bean", name, bean)
        context.load(textwrap.dedent(routes), file="test.yaml")
        context.start()
        return Server(context, paths)

    yield make
    for context in contexts:
        context.stop(1.0)
