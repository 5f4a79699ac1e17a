"""Failed messages on the embedded broker, by the command."""

import json
import threading

import pytest
from project_files import write

from esb.broker.contract import Outgoing
from esb.broker.history import history
from esb.broker.open import open_broker
from esb.cli._broker import connected
from esb.errors import NotConnected, ValidationFailed


@pytest.fixture
def failed(project):
    """Two dead letters (A1, A2) and two invalid messages (B1, B2) that came from the queue orders."""
    write(project, esb="broker: 'sqlite:bus.db'\n")
    (project / "routes").mkdir()
    broker = open_broker(f"sqlite:{project}/bus.db")
    broker.open()
    assert connected(broker, 10)
    for queue in ("orders", "orders.dlq", "orders.invalid", "elsewhere"):
        broker.queue(queue)
    answered = threading.Semaphore(0)
    for id, queue, error in (
        ("A1", "orders.dlq", NotConnected("no way to the ERP")),
        ("A2", "orders.dlq", NotConnected("no way to the ERP")),
        ("B1", "orders.invalid", ValidationFailed("not an order", [{"path": "lines", "message": "missing"}])),
        ("B2", "orders.invalid", ValidationFailed("not an order")),
    ):
        told = history(error, route=f"route-{id[0]}", step="to1", at="routes/a.yaml:3:5", attempts=4, origin="orders")
        message = Outgoing(id, b'{"order": 1}', {"orderId": id} | told, "application/json")
        broker.publish(queue, message, lambda _error: answered.release())
    for _ in range(4):
        assert answered.acquire(timeout=10)
    broker.close()
    return project


def depths(project) -> dict[str, int]:
    broker = open_broker(f"sqlite:{project}/bus.db")
    broker.open()
    try:
        assert connected(broker, 10)
        return {queue: broker.depth(queue) for queue in broker.queues()}
    finally:
        broker.close()


def ids(told) -> list[str]:
    return [message["id"] for message in json.loads(told.out)["messages"]]


def test_list_tells_the_queues_and_the_messages(esb, failed):
    told = esb("-C", failed, "dlq", "list")
    assert told.code == 0
    assert "orders.dlq      dead     2" in told.out
    assert "route-A" in told.out
    assert "NotConnected: no way to the ERP" in told.out


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ((), ["A1", "A2", "B1", "B2"]),
        (("--queue", "orders.dlq"), ["A1", "A2"]),
        (("--route", "route-B"), ["B1", "B2"]),
        (("--error", "validationfailed"), ["B1", "B2"]),
        (("--error", "no way"), ["A1", "A2"]),
        (("--id", "A2", "--id", "B1"), ["A2", "B1"]),
        (("--id", "A"), ["A1", "A2"]),
        (("--older-than", "1h"), []),
        (("--older-than", "0"), ["A1", "A2", "B1", "B2"]),
        (("--newer-than", "1h"), ["A1", "A2", "B1", "B2"]),
        (("--newer-than", "0"), []),
        (("--header", "orderId=B2"), ["B2"]),
        (("--header", "orderId", "--header", "orderId=A1"), ["A1"]),
        (("--header", "country"), []),
    ],
)
def test_a_selection_names_messages_by_what_is_known_of_them(esb, failed, options, meant):
    assert ids(esb("-C", failed, "dlq", "list", *options, "--json")) == meant


def test_show_tells_the_message_its_error_its_route_its_step_and_its_position(esb, failed):
    out = esb("-C", failed, "dlq", "show", "--id", "B1").out
    for part in (
        "orders.invalid",
        "came from orders",
        "route-B, step to1 at routes/a.yaml:3:5",
        "lines: missing",
        "orderId: B1",
        "4 tries",
        '"order": 1',
    ):
        assert part in out


def test_a_message_is_named_with_or_without_an_option(esb, failed):
    assert esb("-C", failed, "dlq", "show", "B1").out == esb("-C", failed, "dlq", "show", "--id", "B1").out
    for wrong in ((), ("B1", "--id", "A1")):
        told = esb("-C", failed, "dlq", "show", *wrong)
        assert (told.code, "name one message by its id" in told.err) == (2, True)


def test_queues_without_failed_messages_are_not_listed(esb, failed):
    assert esb("-C", failed, "dlq", "discard", "--queue", "orders.invalid", "--all", "--yes").code == 0
    told = esb("-C", failed, "dlq", "list").out
    assert ("orders.dlq" in told, "orders.invalid" in told) == (True, False)
    assert "orders.invalid" in esb("-C", failed, "dlq", "list", "--json").out


def test_numbers_of_a_body_are_shown_with_their_digits(esb, failed, tmp_path):
    (tmp_path / "body").write_text('{"price":1.50,"id":12345678901234567890.10}')
    assert esb("-C", failed, "dlq", "edit", "A1", "--body-file", tmp_path / "body").code == 0
    assert '"price": 1.50,\n  "id": 12345678901234567890.10' in esb("-C", failed, "dlq", "show", "A1").out


def test_show_as_json_has_the_body(esb, failed):
    assert json.loads(esb("-C", failed, "dlq", "show", "--id", "B1", "--json").out)["body"] == '{"order": 1}'


def test_an_id_that_may_mean_several_messages_is_refused_with_their_names(esb, failed):
    for verb in (("show",), ("replay",), ("discard", "--yes")):
        told = esb("-C", failed, "dlq", *verb, "--id", "A")
        assert told.code == 2
        assert "A1 on orders.dlq, A2 on orders.dlq" in told.err
    assert depths(failed)["orders.dlq"] == 2


@pytest.mark.parametrize("verb", [("replay",), ("discard", "--yes"), ("replay", "--queue", "orders.dlq")])
def test_no_selection_is_refused(esb, failed, verb):
    told = esb("-C", failed, "dlq", *verb)
    assert told.code == 2
    assert "say which messages" in told.err
    assert depths(failed) == {"elsewhere": 0, "orders": 0, "orders.dlq": 2, "orders.invalid": 2}


def test_replay_brings_messages_back_to_where_they_came_from(esb, failed):
    told = esb("-C", failed, "dlq", "replay", "--queue", "orders.dlq", "--all")
    assert (told.code, told.out) == (0, "2 messages replayed\n")
    assert depths(failed) == {"elsewhere": 0, "orders": 2, "orders.dlq": 0, "orders.invalid": 2}


def test_replay_to_a_queue_that_is_not_there_leaves_the_message_and_says_why(esb, failed):
    told = esb("-C", failed, "dlq", "replay", "--id", "A1", "--to", "nowhere")
    assert told.code == 1
    assert "A1 stays:" in told.err
    assert depths(failed)["orders.dlq"] == 2


def test_replay_with_another_body_is_for_one_message(esb, failed, tmp_path):
    (tmp_path / "body").write_text('{"order": 2}')
    assert esb("-C", failed, "dlq", "replay", "--all", "--body", tmp_path / "body").code == 2
    assert esb("-C", failed, "dlq", "replay", "--id", "A1", "--to", "elsewhere", "--body", tmp_path / "body").code == 0
    broker = open_broker(f"sqlite:{failed}/bus.db")
    broker.open()
    assert connected(broker, 10)
    assert [(one.id, one.body) for one in broker.browse("elsewhere")] == [("A1", b'{"order": 2}')]
    broker.close()


@pytest.fixture
def quarantined(failed):
    """Besides: K1, of the same route and error as A1 and A2, that was in hand when processes died."""
    broker = open_broker(f"sqlite:{failed}/bus.db")
    broker.open()
    assert connected(broker, 10)
    broker.queue("quarantine")
    answered = threading.Semaphore(0)
    told = history(NotConnected("no way"), route="route-A", step="to1", at="", attempts=4, origin="orders")
    broker.publish("quarantine", Outgoing("K1", b"kills", told), lambda _error: answered.release())
    assert answered.acquire(timeout=10)
    broker.close()
    return failed


@pytest.mark.parametrize("bulk", [("--all",), ("--route", "route-A"), ("--older-than", "0")])
@pytest.mark.parametrize("verb", [("replay",), ("discard", "--yes")])
def test_filters_leave_the_quarantine_alone_and_say_how_to_mean_it(esb, quarantined, verb, bulk):
    told = esb("-C", quarantined, "dlq", *verb, *bulk)
    assert told.code == 0
    assert "1 message on quarantine left out" in told.err
    assert "say --queue quarantine to mean them" in told.err
    assert (depths(quarantined)["quarantine"], depths(quarantined)["orders.dlq"]) == (1, 0)


@pytest.mark.parametrize("verb", [("replay",), ("discard", "--yes")])
def test_what_was_left_out_is_told_as_json(esb, quarantined, verb):
    told = esb("-C", quarantined, "dlq", *verb, "--error", "no way", "--json")
    assert json.loads(told.out)["leftOut"] == {"quarantine": 1}
    assert told.err == ""


@pytest.mark.parametrize("named", [("--queue", "quarantine", "--all"), ("--id", "K1")])
@pytest.mark.parametrize("verb", [("replay",), ("discard", "--yes")])
def test_the_quarantine_is_meant_where_its_queue_or_the_id_is_named(esb, quarantined, verb, named):
    told = esb("-C", quarantined, "dlq", *verb, *named)
    assert (told.code, told.err) == (0, "")
    assert depths(quarantined)["quarantine"] == 0


def test_what_is_quarantined_is_listed_with_the_others(esb, quarantined):
    assert ids(esb("-C", quarantined, "dlq", "list", "--json")) == ["A1", "A2", "B1", "B2", "K1"]


def test_messages_that_share_an_id_are_listed_edited_and_thrown_away_one_by_one(esb, failed, tmp_path):
    (tmp_path / "body").write_text("mended")
    broker = open_broker(f"sqlite:{failed}/bus.db")
    broker.open()
    assert connected(broker, 10)
    answered = threading.Semaphore(0)
    told = history(NotConnected("away"), route="other", step="to1", at="", attempts=4, origin="elsewhere")
    broker.publish("orders.dlq", Outgoing("A1", b"another", told), lambda _error: answered.release())
    assert answered.acquire(timeout=10)
    broker.close()
    refused = esb("-C", failed, "dlq", "edit", "A1", "--body-file", tmp_path / "body")
    assert (refused.code, "the id A1 may mean 2 messages (A1~" in refused.err) == (2, True)
    [name] = [row.split()[0] for row in esb("-C", failed, "dlq", "list").out.splitlines() if "other" in row]
    assert name in refused.err
    assert esb("-C", failed, "dlq", "edit", name, "--body-file", tmp_path / "body").code == 0
    replayed = esb("-C", failed, "dlq", "replay", "--route", "other", "--json")
    assert json.loads(replayed.out)["replayed"] == 1
    assert stored(failed, "elsewhere")["A1"].body == b"mended"
    assert stored(failed, "orders.dlq")["A1"].body == b'{"order": 1}'


def test_discard_asks_first_and_where_nobody_can_be_asked_refuses(esb, failed):
    told = esb("-C", failed, "dlq", "discard", "--route", "route-B")
    assert told.code == 2
    assert "this would throw away 2 messages: say --yes" in told.err
    assert depths(failed)["orders.invalid"] == 2


def test_discard_throws_away_what_is_meant_and_nothing_else(esb, failed):
    told = esb("-C", failed, "dlq", "discard", "--id", "B2", "--yes", "--json")
    assert json.loads(told.out) == {"discarded": 1, "leftOut": {}}
    assert ids(esb("-C", failed, "dlq", "list", "--json")) == ["A1", "A2", "B1"]


def test_a_queue_that_is_not_there_is_a_usage_error_with_the_nearest_name(esb, failed):
    told = esb("-C", failed, "dlq", "list", "--queue", "orders.dql")
    assert told.code == 2
    assert "did you mean 'orders.dlq'" in told.err


def test_a_broker_that_was_never_there_is_not_made_by_looking(esb, project):
    write(project, esb="broker: 'sqlite:bus.db'\n")
    (project / "routes").mkdir()
    told = esb("-C", project, "dlq", "list")
    assert told.code == 1
    assert "the bus has not run yet" in told.err
    assert not (project / "bus.db").exists()


def test_a_queue_of_messages_that_did_not_fail_is_never_touched(esb, failed):
    assert esb("-C", failed, "dlq", "replay", "--queue", "orders.dlq", "--all").code == 0
    told = esb("-C", failed, "dlq", "discard", "--queue", "orders", "--all", "--yes")
    assert told.code == 2
    assert depths(failed)["orders"] == 2


def stored(project, queue):
    broker = open_broker(f"sqlite:{project}/bus.db")
    broker.open()
    assert connected(broker, 10)
    try:
        return {one.id: one for one in broker.browse(queue)}
    finally:
        broker.close()


def test_edit_changes_headers_and_body_and_keeps_the_history_and_the_id(esb, failed, tmp_path):
    (tmp_path / "body").write_text('{"order": 2}')
    told = esb("-C", failed, "dlq", "edit", "--id", "A1", "--set", "country=NL", "--body-file", tmp_path / "body")
    assert (told.code, told.out) == (0, "A1 is changed\n")
    letters = stored(failed, "orders.dlq")
    assert set(letters) == {"A1", "A2"}
    changed = letters["A1"]
    assert changed.body == b'{"order": 2}'
    assert changed.content_type == "application/json"
    assert (changed.headers["country"], changed.headers["orderId"]) == ("NL", "A1")
    assert changed.headers["esb-origin-queue"] == "orders"
    assert "edited" in esb("-C", failed, "dlq", "show", "--id", "A1").out


def test_an_edited_message_is_replayed_as_it_was_changed(esb, failed):
    assert esb("-C", failed, "dlq", "edit", "--id", "A1", "--set", "country=NL", "--unset", "orderId").code == 0
    assert esb("-C", failed, "dlq", "replay", "--id", "A1").code == 0
    assert stored(failed, "orders")["A1"].headers == {"country": "NL"}


def test_edit_opens_the_editor_and_an_unchanged_text_changes_nothing(esb, failed, tmp_path, monkeypatch):
    editor = tmp_path / "editor.sh"
    editor.write_text(
        """#!/bin/sh\nsed -i -e 's/orderId: A1/orderId: 77\\nnew: yes/' -e 's/"order": 1/"order": 3/' "$1"\n"""
    )
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(editor))
    assert esb("-C", failed, "dlq", "edit", "--id", "A1").out == "A1 is changed\n"
    changed = stored(failed, "orders.dlq")["A1"]
    assert changed.body == b'{"order": 3}'
    assert {name: value for name, value in changed.headers.items() if not name.startswith("esb-")} == {
        "orderId": "77",
        "new": "yes",
    }
    assert esb("-C", failed, "dlq", "edit", "--id", "A2").code == 0
    monkeypatch.setenv("VISUAL", "true")
    assert esb("-C", failed, "dlq", "edit", "--id", "B1").out == "B1 is as it was\n"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--set", "CamelFileName=../x"), "the bus's own"),
        (("--set", "esb-origin-queue=other"), "the bus's own"),
        (("--unset", "country"), "no such header"),
        (("--set", "country"), "NAME=TEXT"),
    ],
)
def test_an_edit_that_may_not_be_changes_nothing(esb, failed, options, why):
    told = esb("-C", failed, "dlq", "edit", "--id", "A1", *options)
    assert told.code == 2
    assert why in told.err
    assert "esb-edited" not in stored(failed, "orders.dlq")["A1"].headers


def test_export_writes_a_line_for_each_message_and_leaves_them(esb, failed, tmp_path):
    told = esb("-C", failed, "dlq", "export", "--all", "--to", tmp_path / "all.jsonl")
    assert (told.code, told.out) == (0, f"4 messages written to {tmp_path / 'all.jsonl'}\n")
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["A1", "A2", "B1", "B2"]
    assert lines[0]["body"] == '{"order": 1}'
    assert lines[2]["report"] == [{"path": "lines", "message": "missing"}]
    assert depths(failed)["orders.dlq"] == 2
    assert esb("-C", failed, "dlq", "export", "--all", "--to", tmp_path / "all.jsonl").code == 2


def test_export_to_a_folder_writes_bodies_byte_for_byte(esb, failed, tmp_path):
    assert esb("-C", failed, "dlq", "export", "--queue", "orders.invalid", "--to", tmp_path / "out").code == 0
    folder = tmp_path / "out" / "orders.invalid"
    assert sorted(file.name for file in folder.iterdir()) == ["B1.body", "B1.json", "B2.body", "B2.json"]
    assert (folder / "B1.body").read_bytes() == b'{"order": 1}'
    assert json.loads((folder / "B1.json").read_text())["route"] == "route-B"


def test_every_change_is_noted_with_who_made_it(esb, failed):
    esb("-C", failed, "dlq", "edit", "--id", "A1", "--set", "country=NL")
    esb("-C", failed, "dlq", "replay", "--id", "A1")
    esb("-C", failed, "dlq", "discard", "--route", "route-B", "--yes")
    noted = [json.loads(line) for line in (failed / "var" / "audit.jsonl").read_text().splitlines()]
    assert [one["action"] for one in noted] == ["dlq edit", "dlq replay", "dlq discard"]
    assert all(one["by"] and one["at"] for one in noted)
    assert noted[0]["headers"] == ["country"]
    assert noted[1]["replayed"] == {"orders.dlq": ["A1"]}
    assert noted[2]["discarded"] == {"orders.invalid": ["B1", "B2"]}
