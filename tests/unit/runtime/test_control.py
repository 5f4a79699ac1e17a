"""Talk between the workers, and the actions that the management port asks for."""

import json
import os
import socket
import threading

import pytest

from esb.httphost import HttpRequest
from esb.runtime import control, management
from esb.runtime.control import ControlSocket, Turns, ask_all, ask_each
from esb.runtime.management import mount_management
from esb.runtime.paths import Paths
from esb.testing.process import until


@pytest.fixture
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("r")  # short: a socket's path has room for 107 characters


@pytest.fixture
def worker(folder, monkeypatch):
    """Makes a worker's socket that answers with what it is given."""
    made = []

    def make(answer, pid=None):
        if pid is not None:
            monkeypatch.setattr(os, "getpid", lambda: pid)
        made.append(ControlSocket(folder, answer))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_question_is_answered_while_another_one_takes_long(folder, worker):
    asked, go = threading.Event(), threading.Event()

    def answer(question):
        if question["op"] == "slow":
            asked.set()
            go.wait(30)
        return {"op": question["op"]}

    worker(answer)
    slow = threading.Thread(target=ask_all, args=(folder, {"op": "slow"}, 30))
    slow.start()
    assert asked.wait(30)
    try:
        assert ask_all(folder, {"op": "status"}, 30) == [{"op": "status"}]
    finally:
        go.set()
        slow.join()


def test_no_more_questions_than_a_bound_are_answered_at_once(folder, worker, monkeypatch):
    monkeypatch.setattr(control, "_AT_ONCE", 2)
    go, running = threading.Event(), []

    def answer(question):
        running.append(question)
        go.wait(30)
        return {}

    worker(answer)
    asking = [threading.Thread(target=ask_all, args=(folder, {}, 30)) for _ in range(6)]
    for each in asking:
        each.start()
    until(lambda: len(running) == 2)
    threading.Event().wait(0.1)
    assert len(running) == 2
    go.set()
    for each in asking:
        each.join()
    assert len(running) == 6


def test_a_moment_without_free_descriptors_does_not_end_the_answering(folder, worker, monkeypatch):
    monkeypatch.setattr(control, "_PAUSE", 0.001)
    refused = []

    class Refusing(socket.socket):
        def accept(self):
            if len(refused) < 3:
                refused.append(1)
                raise OSError(24, "Too many open files")
            return super().accept()

    monkeypatch.setattr(control.socket, "socket", Refusing)
    worker(lambda _: {"well": True})
    assert ask_all(folder, {}, 30) == [{"well": True}]
    assert len(refused) == 3


def test_the_thread_that_accepts_ends_when_the_socket_is_closed(worker):
    before = set(threading.enumerate())
    each = worker(lambda _: {})
    [thread] = [one for one in threading.enumerate() if one not in before and one.name == "control"]
    each.close()
    thread.join(30)
    assert not thread.is_alive()


def test_who_does_not_answer_is_told_by_its_process_id_and_who_is_dead_is_not(folder, worker):
    worker(lambda _: {"well": True}, 11)
    mute = socket.socket(socket.AF_UNIX)
    mute.bind(str(folder / "worker-12.sock"))
    mute.listen()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(folder / "worker-13.sock"))
    dead.close()
    with mute:
        assert ask_each(folder, {}, 0.2) == {"11": {"well": True}, "12": None}
    assert not (folder / "worker-13.sock").exists()


def test_actions_run_one_after_the_other():
    turns, inside, most = Turns(waiting=8), [], []

    def action():
        inside.append(1)
        most.append(len(inside))
        threading.Event().wait(0.005)
        inside.pop()
        return {}

    threads = [threading.Thread(target=turns.take, args=(action,)) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == [1] * 8


def test_an_action_whose_turn_does_not_come_is_told_and_not_run():
    turns, told = Turns(patience=0.01), []
    turns.take(lambda: told.append(turns.take(lambda: {"run": True})) or {})
    assert told[0]["error"].startswith("another action on a route is still under way")


def test_few_actions_wait():
    turns, told = Turns(waiting=1), []
    turns.take(lambda: told.append(turns.take(lambda: {"run": True})) or {})
    assert told[0]["error"].startswith("too many actions on routes wait")


class Context:
    """As much of a context as an action looks at."""

    routes = ("orders",)


class NoLetters:
    def mount(self, paths):
        """There are none."""


@pytest.fixture
def stop(folder):
    """Asks the management port to stop a route: status and JSON."""
    paths = Paths()
    mount_management(paths, Context(), folder, NoLetters())

    def stop():
        mount, values = paths.find("POST", "/routes/orders/stop")
        answers, came = [], threading.Event()

        def respond(response):
            answers.append(response)
            came.set()

        mount.handler(HttpRequest("POST", "/routes/orders/stop", "", [], b"", values), respond)
        assert came.wait(30)
        return answers[0].status, json.loads(answers[0].body)

    return stop


def test_an_action_that_all_workers_have_done_is_200(stop, worker):
    worker(lambda _: {"pid": 11, "status": "Stopped"}, 11)
    worker(lambda _: {"pid": 12, "status": "Stopped"}, 12)
    assert stop() == (
        200,
        {"route": "orders", "workers": [{"pid": 11, "status": "Stopped"}, {"pid": 12, "status": "Stopped"}]},
    )


def test_an_action_that_one_worker_could_not_do_is_500(stop, worker):
    worker(lambda _: {"pid": 11, "status": "Stopped"}, 11)
    worker(lambda _: {"pid": 12, "error": "no"}, 12)
    assert stop()[0] == 500


def test_an_action_that_one_worker_does_not_answer_is_504_and_names_it(stop, worker, folder, monkeypatch):
    monkeypatch.setattr(management, "ACTION_SECONDS", 0.2)
    worker(lambda _: {"pid": 11, "status": "Stopped"}, 11)
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(folder / "worker-12.sock"))
        mute.listen()
        status, told = stop()
    assert (status, told["workers"]) == (504, [{"pid": 11, "status": "Stopped"}])
    assert told["error"] == "no answer within 0.2 s from worker 12"
    assert "esb status" in told["hint"]


def test_an_action_without_any_worker_is_503(stop):
    assert stop()[0] == 503
