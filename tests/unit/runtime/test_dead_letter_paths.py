"""Failed messages through the management port."""

import base64
import json
import threading
import time

import pytest

from esb.broker.contract import Outgoing
from esb.broker.history import history
from esb.broker.memory import MemoryBroker, MemoryStore
from esb.errors import NotConnected
from esb.httphost import HttpRequest
from esb.runtime.deadletters import DeadLetterPaths
from esb.runtime.paths import Paths


@pytest.fixture
def broker():
    broker = MemoryBroker(MemoryStore())
    broker.open()
    for queue in ("orders", "orders.dlq"):
        broker.queue(queue)
    for number in range(3):
        told = history(
            NotConnected("no way"), route=f"route-{number}", step="to1", at="a.yaml:3", attempts=4, origin="orders"
        )
        stored = threading.Event()
        message = Outgoing(f"A{number}", b'{"order": 1}', {"country": "NL" if number else "BE"} | told)
        broker.publish("orders.dlq", message, lambda _error, stored=stored: stored.set())
        assert stored.wait(10)
    yield broker
    broker.close()


@pytest.fixture
def ask(broker, tmp_path):
    """Asks a path as a client would: status and JSON."""
    paths = Paths()
    DeadLetterPaths(lambda: broker, tmp_path, tmp_path).mount(paths)

    def ask(method, target, body=None, content_type="application/json"):
        path, _, query = target.partition("?")
        mount, values = paths.find(method, path)
        headers = [("content-type", content_type)] if body is not None else []
        request = HttpRequest(method, path, query, headers, json.dumps(body or {}).encode(), values)
        answers = []
        mount.handler(request, answers.append)
        [answer] = answers
        return answer.status, json.loads(answer.body)

    return ask


def finished(ask, told):
    deadline = time.monotonic() + 30
    pause = threading.Event()
    while (job := ask("GET", told["path"])[1])["state"] == "running":
        assert time.monotonic() < deadline, job
        pause.wait(0.01)
    return job


def ids(broker, queue):
    return [one.id for one in broker.browse(queue)]


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("", ["A0", "A1", "A2"]),
        ("?route=route-1", ["A1"]),
        ("?header=country%3DNL", ["A1", "A2"]),
        ("?error=no%20way&id=A2", ["A2"]),
        ("?olderThan=1h", []),
        ("?limit=1", ["A0"]),
    ],
)
def test_a_list_is_chosen_by_the_query(ask, query, meant):
    status, told = ask("GET", f"/dead-letters{query}")
    assert (status, [one["id"] for one in told["messages"]]) == (200, meant)
    assert told["queues"] == [{"name": "orders.dlq", "kind": "dead", "depth": 3}]
    assert "body" not in str(told["messages"])


def test_one_message_is_shown_with_its_body_and_history(ask):
    status, told = ask("GET", "/dead-letters/orders.dlq/A1")
    assert status == 200
    assert (told["body"], told["route"], told["attempts"], told["origin"]) == ('{"order": 1}', "route-1", 4, "orders")


def test_a_replay_is_a_job_that_tells_how_far_it_is(ask, broker, tmp_path):
    status, told = ask("POST", "/dead-letters/replay", {"queue": "orders.dlq", "header": ["country=NL"]})
    assert (status, told["total"]) == (202, 2)
    job = finished(ask, told)
    assert (job["state"], job["done"]) == ("done", 2)
    assert (ids(broker, "orders"), ids(broker, "orders.dlq")) == (["A1", "A2"], ["A0"])
    [line] = (tmp_path / "audit.jsonl").read_text().splitlines()
    noted = json.loads(line)
    assert (noted["action"], noted["meant"]) == ("dlq replay", {"orders.dlq": ["A1", "A2"]})
    assert noted["by"].startswith("management")


def test_what_could_not_be_replayed_stays_and_is_told(ask, broker):
    _, told = ask("POST", "/dead-letters/replay", {"id": "A1", "to": "nowhere"})
    job = finished(ask, told)
    assert job["done"] == 0
    assert "does not exist" in job["queues"]["orders.dlq"]["failed"]["A1"]
    assert len(ids(broker, "orders.dlq")) == 3


def test_a_discard_takes_what_was_meant(ask, broker):
    finished(ask, ask("POST", "/dead-letters/discard", {"route": "route-0"})[1])
    assert ids(broker, "orders.dlq") == ["A1", "A2"]


@pytest.mark.parametrize("action", ["replay", "discard"])
def test_a_job_leaves_the_quarantine_alone_and_says_so_unless_it_is_named(ask, broker, action):
    broker.queue("quarantine")
    told = history(NotConnected("no way"), route="r", step="to1", at="", attempts=4, origin="orders")
    stored = threading.Event()
    broker.publish("quarantine", Outgoing("K1", b"kills", told), lambda _error: stored.set())
    assert stored.wait(10)
    job = finished(ask, ask("POST", f"/dead-letters/{action}", {"all": True})[1])
    assert (job["done"], job["leftOut"]) == (3, {"quarantine": 1})
    job = finished(ask, ask("POST", f"/dead-letters/{action}", {"queue": "quarantine", "all": True})[1])
    assert (job["done"], job["leftOut"]) == (1, {})


@pytest.fixture
def twice(broker):
    """Another message with the id A1 on the same queue, of another route."""
    told = history(NotConnected("no way"), route="other", step="to1", at="", attempts=4, origin="orders")
    stored = threading.Event()
    broker.publish("orders.dlq", Outgoing("A1", b"another", told), lambda _error: stored.set())
    assert stored.wait(10)


@pytest.mark.parametrize("action", ["replay", "discard"])
def test_a_job_leaves_what_the_filter_excludes_though_it_has_the_id_of_one_that_is_meant(ask, broker, twice, action):
    assert finished(ask, ask("POST", f"/dead-letters/{action}", {"route": "route-1"})[1])["done"] == 1
    assert [one.body for one in broker.browse("orders.dlq") if one.id == "A1"] == [b"another"]


def test_an_edit_by_an_id_that_two_have_is_refused_and_done_by_its_mark(ask, broker, twice):
    assert ask("PATCH", "/dead-letters/orders.dlq/A1", {"body": "mended"})[0] == 400
    mark = next(one["mark"] for one in ask("GET", "/dead-letters?route=other")[1]["messages"])
    assert ask("PATCH", f"/dead-letters/orders.dlq/A1~{mark}", {"body": "mended"})[0] == 200
    assert [one.body for one in broker.browse("orders.dlq") if one.id == "A1"] == [b'{"order": 1}', b"mended"]


def test_an_edit_changes_what_is_named_and_keeps_the_history(ask, broker):
    change = {"headers": {"country": None, "retry": 1}, "bodyBase64": base64.b64encode(b"\xff").decode()}
    assert ask("PATCH", "/dead-letters/orders.dlq/A1", change) == (200, {"edited": "A1"})
    changed = next(one for one in broker.browse("orders.dlq") if one.id == "A1")
    assert changed.body == b"\xff"
    assert (changed.headers.get("country"), changed.headers["retry"]) == (None, 1)
    assert changed.headers["esb-origin-queue"] == "orders"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (("POST", "/dead-letters/discard", {}), 400),
        (("POST", "/dead-letters/discard", {"queue": "orders.dlq"}), 400),
        (("POST", "/dead-letters/discard", {"roote": "x", "all": True}), 400),
        (("POST", "/dead-letters/discard", {"all": "true"}), 400),
        (("POST", "/dead-letters/replay", {"queue": "orders", "all": True}), 400),
        (("PATCH", "/dead-letters/orders.dlq/A1", {"headers": {"esb-origin-queue": "x"}}), 400),
        (("PATCH", "/dead-letters/orders.dlq/A1", {"headers": {"x": ["y"]}}), 400),
        (("PATCH", "/dead-letters/orders.dlq/A", {"body": "x"}), 400),
        (("GET", "/dead-letters/orders.dlq/Z", None), 400),
        (("GET", "/dead-letters?olderThan=soon", None), 400),
        (("GET", "/jobs/1-99", None), 404),
    ],
)
def test_what_is_wrongly_asked_changes_nothing(ask, broker, asked, status):
    assert ask(*asked)[0] == status
    assert ids(broker, "orders.dlq") == ["A0", "A1", "A2"]


def test_a_form_from_a_browser_is_refused(ask, broker):
    assert ask("POST", "/dead-letters/discard", {"all": True}, content_type="text/plain")[0] == 415
    assert len(ids(broker, "orders.dlq")) == 3


def test_without_a_broker_the_answer_is_503(ask, broker):
    broker.close()
    assert ask("GET", "/dead-letters")[0] == 503
