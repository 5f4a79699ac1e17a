"""``esb run`` as systemd sees it: a process that starts, says that it is ready, reloads, drains and ends."""

import contextlib
import json
import os
import signal
import socket
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from running import Running

from esb.testing.ports import free_port
from esb.testing.process import until

ECHO = """
- route:
    id: echo
    from: {uri: 'platform-http:/echo', steps: [{setBody: {simple: 'one ${body}'}}]}
"""
KEPT = """
- route:
    id: keep
    from: {uri: 'platform-http:/keep', steps: [{to: 'bus:kept'}, {setBody: {constant: kept}}]}
- route:
    id: file
    from: {uri: 'bus:kept', steps: [{to: 'file:out?fileName=${body}'}]}
"""


@pytest.fixture
def bus(tmp_path):
    running = Running(tmp_path)
    yield running
    running.close()


def test_it_tells_its_supervisor_when_it_is_ready_and_then_serves(bus):
    bus.write(ECHO)
    bus.start().ready()
    assert bus.call("/echo", b"tea") == (200, b"one tea")


def test_a_wrong_configuration_ends_with_78_and_all_findings_and_nothing_is_started(bus):
    bus.write("- route: {from: {uri: 'timer:t', steps: [{tox: 'log:a'}, {to: 'lgo:b'}]}}\n- rout: {}\n")
    assert bus.start().wait() == 78
    for finding in ("unknown step 'tox'", "unknown component 'lgo'", "unknown element 'rout'", "routes/all.yaml:1:"):
        assert finding in bus.log
    assert bus.supervisor.notices == []
    assert bus.call("/health", port=bus.management)[0] == 0


def test_sigterm_lets_a_request_finish_and_ends_with_0(bus):
    bus.write(
        "- route: {id: slow, from: {uri: 'platform-http:/slow', steps: [{delay: {constant: 1500}}, {setBody: {constant: done}}]}}\n"
    )
    bus.start().ready()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(bus.call, "/slow", b"x")
        until(lambda: bus.status()["routes"]["slow"]["inflight"] == 1, "the request under way")
        bus.signal(signal.SIGTERM)
        assert answer.result() == (200, b"done")
    assert bus.wait() == 0
    assert bus.supervisor.count("STOPPING=1") == 1


def test_the_watchdog_is_fed_while_it_runs(bus):
    bus.write(ECHO)
    bus.start().ready()
    before = bus.supervisor.count("WATCHDOG=1")
    until(lambda: bus.supervisor.count("WATCHDOG=1") >= before + 3, "three signs of life", 10)


def test_sighup_brings_the_new_routes_and_tells_the_supervisor(bus):
    bus.write(ECHO)
    bus.start().ready()
    bus.write(ECHO.replace("one", "two"))
    bus.signal(signal.SIGHUP)
    until(lambda: bus.call("/echo", b"tea") == (200, b"two tea"), "the new routes")
    until(lambda: bus.supervisor.count("READY=1") >= 2, "READY=1 after the reload")
    assert bus.supervisor.count("RELOADING=1") == 1
    assert bus.supervisor.count("MONOTONIC_USEC=") == 1


def test_sighup_with_an_error_leaves_the_old_routes_running_and_says_where_it_is(bus):
    bus.write(ECHO)
    bus.start().ready()
    before = bus.workers()
    bus.write(ECHO.replace("setBody", "setBdy"))
    bus.signal(signal.SIGHUP)
    until(lambda: "the reload was refused" in bus.log, "the refusal")
    assert "unknown step 'setBdy'" in bus.log
    assert "routes/all.yaml:4:" in bus.log
    assert bus.call("/echo", b"tea") == (200, b"one tea")
    assert bus.workers() == before
    until(lambda: bus.supervisor.count("READY=1") >= 2, "READY=1 after the refusal")


def slow_checks(bus):
    """Checks wait until the file ``go`` is there, as on a busy host; tells how many have begun."""
    place = bus.folder / "slow"
    place.mkdir()
    (place / "sitecustomize.py").write_text(
        "import pathlib, sys, time\n"
        "if sys.orig_argv[-1] == 'check':\n"
        f"    with open({str(place / 'begun')!r}, 'a') as begun: begun.write('x')\n"
        f"    while not pathlib.Path({str(bus.folder / 'go')!r}).exists(): time.sleep(0.02)\n"
    )
    (place / "begun").touch()
    bus.environment["PYTHONPATH"] = os.pathsep.join([str(place), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return lambda: len((place / "begun").read_text())


def test_a_check_that_takes_long_keeps_neither_the_watchdog_nor_a_stop_waiting(bus):
    begun = slow_checks(bus)
    bus.write(ECHO)
    bus.start().ready()
    bus.signal(signal.SIGHUP)
    until(begun, "the check")
    before = bus.supervisor.count("WATCHDOG=1")
    until(lambda: bus.supervisor.count("WATCHDOG=1") >= before + 2, "signs of life during the check", 20)
    bus.signal(signal.SIGTERM)
    assert bus.wait() == 0


def test_what_comes_during_a_check_is_done_after_it(bus):
    begun = slow_checks(bus)
    bus.write(ECHO)
    bus.start().ready()
    bus.signal(signal.SIGHUP)
    until(begun, "the check")
    before = bus.workers()
    os.kill(min(before), signal.SIGKILL)
    bus.signal(signal.SIGHUP)
    bus.write(ECHO.replace("one", "two"))
    (bus.folder / "go").touch()
    until(lambda: bus.log.count('"reloaded"') == 2, "both reloads")
    until(lambda: bus.call("/echo", b"tea") == (200, b"two tea"), "a worker for the one that was killed")
    assert begun() == 2


def test_a_reload_to_a_port_that_another_has_is_refused_and_the_old_routes_go_on(bus):
    bus.write(ECHO)
    bus.start().ready()
    before, mine = bus.workers(), bus.port
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        bus.port = other.getsockname()[1]
        bus.write(ECHO)
        bus.signal(signal.SIGHUP)
        until(lambda: "the reload was refused" in bus.log, "the refusal")
    assert f"cannot listen at 127.0.0.1:{bus.port}: Address already in use; 'ss -ltnp' names who does" in bus.log
    assert bus.call("/echo", b"tea", port=mine) == (200, b"one tea")
    assert bus.workers() == before
    until(lambda: bus.supervisor.count("READY=1") >= 2, "READY=1 after the refusal")


def test_a_reload_moves_one_port_and_keeps_the_other(bus):
    bus.write(ECHO)
    bus.start().ready()
    before, old = bus.workers(), bus.port
    bus.port = free_port()
    bus.write(ECHO)
    bus.signal(signal.SIGHUP)
    until(lambda: bus.call("/echo", b"tea") == (200, b"one tea"), "the routes at the new port")
    until(lambda: (now := bus.workers()) and not now & before, "new workers at the management port")
    until(lambda: bus.call("/echo", b"tea", port=old)[0] == 0, "nobody at the old port")


def test_a_worker_whose_master_is_gone_ends_too(bus):
    bus.write(ECHO)
    bus.start().ready()
    bus.signal(signal.SIGKILL)
    bus.wait()
    try:
        until(lambda: bus.call("/echo", b"tea")[0] == 0, "nobody serves any more", 20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(bus.process.pid, signal.SIGKILL)
    assert "its master is gone" in bus.log


def test_a_request_during_a_reload_is_answered(bus):
    bus.write(ECHO)
    bus.start().ready()
    stop = threading.Event()
    answers: list[tuple[int, bytes]] = []

    def ask() -> None:
        while not stop.is_set():
            answers.append(bus.call("/echo", b"tea"))

    asking = threading.Thread(target=ask)
    asking.start()
    before = bus.workers()
    bus.signal(signal.SIGHUP)
    until(lambda: (now := bus.workers()) and not now & before, "new workers")
    stop.set()
    asking.join()
    assert set(answers) == {(200, b"one tea")}


def test_a_worker_that_is_killed_is_replaced_and_what_was_accepted_is_delivered(bus):
    bus.write(KEPT, workers=2)
    bus.start().ready()
    accepted = set()
    for number in range(40):
        if bus.call("/keep", f"m{number}".encode())[0] == 200:
            accepted.add(f"m{number}")
        if number == 20:
            victims = bus.workers()
            os.kill(min(victims), signal.SIGKILL)
    until(lambda: len(now := bus.workers()) == 2 and now != victims, "another worker")
    assert len(accepted) >= 38
    out = bus.folder / "out"
    until(lambda: accepted <= {file.name for file in out.glob("m*")}, "every accepted message")


def test_a_killed_instance_delivers_what_it_accepted_when_it_starts_again(bus):
    bus.write(KEPT.replace("- route:\n    id: file\n", "- route:\n    id: file\n    autoStartup: false\n"))
    bus.start().ready()
    assert bus.call("/keep", b"precious") == (200, b"kept")
    assert bus.process is not None
    os.killpg(bus.process.pid, signal.SIGKILL)
    bus.wait()
    bus.write(KEPT)
    bus.start()
    until((bus.folder / "out" / "precious").exists, "the message of before")


def test_health_is_down_for_nobody_and_up_for_a_bus_that_serves(bus):
    bus.write(ECHO)
    bus.start().ready()
    code, body = bus.call("/health", port=bus.management)
    assert (code, json.loads(body)) == (200, {"status": "up", "reasons": [], "workers": 1})


def test_metrics_count_by_route_and_outcome(bus):
    bus.write(
        ECHO + "- route: {id: broken, from: {uri: 'platform-http:/broken', "
        "steps: [{throwException: {message: no, exceptionType: java.io.IOException}}]}}\n"
    )
    bus.start().ready()
    for _ in range(3):
        bus.call("/echo", b"x")
    assert bus.call("/broken", b"x")[0] == 500
    text = bus.call("/metrics", port=bus.management)[1].decode()
    assert 'esb_exchanges_total{outcome="completed",route="echo"} 3.0' in text
    assert 'esb_exchanges_total{outcome="failed",route="broken"} 1.0' in text
    assert 'esb_route_started{route="echo"} 1.0' in text


def test_management_is_not_on_the_port_of_the_routes(bus):
    bus.write(ECHO)
    bus.start().ready()
    assert bus.call("/health")[0] == 404
    assert bus.call("/echo", b"x", port=bus.management)[0] == 404


def test_health_is_told_while_a_route_drains(bus):
    bus.write(
        "- route: {id: in, from: {uri: 'platform-http:/in', steps: [{to: 'bus:work'}]}}\n"
        "- route: {id: work, from: {uri: 'bus:work', steps: [{delay: {constant: 6000}}]}}\n"
    )
    bus.start().ready()
    assert bus.call("/in", b"x")[0] == 200
    until(lambda: bus.status()["routes"]["work"]["inflight"] == 1, "the message under way")
    with ThreadPoolExecutor(1) as pool:
        stop = pool.submit(bus.call, "/routes/work/stop", b"", port=bus.management)
        until(lambda: bus.status()["routes"]["work"]["status"] == "Stopped", "the stop under way")
        code, told = bus.call("/health", port=bus.management)
        assert not stop.done()
        assert (code, json.loads(told)["workers"]) == (200, 1)
        assert stop.result()[0] == 200
    assert bus.status()["routes"]["work"]["completed"] == 1


def test_a_page_in_a_browser_stops_no_route(bus):
    bus.write(ECHO)
    bus.start().ready()
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        request = urllib.request.Request(
            f"http://127.0.0.1:{bus.management}/routes/echo/stop", data=b"", headers=headers
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        with refused.value as answer:
            assert (answer.code, set(json.loads(answer.read()))) == (403, {"error", "hint"})
    assert bus.status()["routes"]["echo"]["status"] == "Started"


def test_every_log_line_is_json_and_those_of_a_message_name_its_route_and_exchange(bus):
    bus.write("- route: {id: told, from: {uri: 'platform-http:/told', steps: [{log: 'got ${body}'}]}}\n")
    bus.start().ready()
    bus.call("/told", b"tea")
    until(lambda: "got tea" in bus.log, "the log line")
    bus.signal(signal.SIGTERM)
    bus.wait()
    [line] = [line for line in bus.lines if line["message"] == "got tea"]
    assert line["route"] == "told"
    assert line["exchange"]
    assert line["level"] == "INFO"


def test_an_absent_broker_does_not_keep_the_bus_from_starting_and_health_says_so(bus):
    bus.write(
        ECHO + "- route: {id: q, from: {uri: 'bus:q', steps: [{log: x}]}}\n", more="broker: 'amqp://127.0.0.1:1/'\n"
    )
    bus.start().ready()
    assert bus.call("/echo", b"tea") == (200, b"one tea")
    code, body = bus.call("/health", port=bus.management)
    assert code == 200
    assert json.loads(body)["status"] == "degraded"
    assert "the broker is waiting" in json.loads(body)["reasons"]


def test_status_reload_and_stop_find_the_running_bus(bus):
    bus.write(ECHO)
    bus.start().ready()
    told = bus.esb("status", "--json")
    assert (told.returncode, json.loads(told.stdout)["trial"]["health"]) == (0, "up")
    bus.write(ECHO.replace("one", "two"))
    told = bus.esb("reload")
    assert told.returncode == 0, told.stdout + told.stderr
    assert bus.call("/echo", b"tea") == (200, b"two tea")
    bus.write(ECHO.replace("setBody", "setBdy"))
    told = bus.esb("reload")
    assert (told.returncode, "unknown step 'setBdy'" in told.stderr) == (78, True)
    told = bus.esb("stop")
    assert told.returncode == 0, told.stdout + told.stderr
    assert bus.wait() == 0
    assert "closing socket" not in bus.log  # each listener is closed once
    assert bus.esb("status").returncode == 1


def test_a_second_start_by_mistake_leaves_the_first_one_alone(bus):
    bus.write(ECHO)
    bus.start().ready()
    again = bus.esb("run")
    assert (again.returncode, f"runs already, as process {bus.process.pid}" in again.stdout) == (1, True)
    settings = bus.folder / "esb.yaml"
    text = settings.read_text()
    settings.write_text(text.replace(str(bus.port), str(free_port())).replace(str(bus.management), str(free_port())))
    assert bus.esb("run").returncode == 1  # other ports make it no other instance
    settings.write_text(text)
    assert bus.esb("status").returncode == 0
    assert bus.esb("stop").returncode == 0
    assert bus.wait() == 0


def test_a_port_that_another_has_is_named_with_the_reason_once(bus):
    with socket.socket() as other:
        other.bind(("127.0.0.1", bus.port))
        other.listen()
        bus.write(ECHO)
        assert bus.start().wait() == 1
    [told] = [line["message"] for line in bus.lines if line["level"] == "ERROR"]
    assert told.startswith(f"cannot listen at ('127.0.0.1', {bus.port}): Address already in use;")


def test_a_message_that_is_not_valid_is_found_and_replayed_by_the_command(bus):
    bus.write(
        "- route: {id: in, from: {uri: 'platform-http:/in', steps: [{to: 'bus:work'}]}}\n"
        "- route: {id: work, from: {uri: 'bus:work', parameters: {maximumRedeliveries: 0}, steps: [{to: 'direct:part'}]}}\n"
        "- route: {id: part, from: {uri: 'direct:part', "
        "steps: [{toD: 'file:out?fileName=${body}'}, {throwException: {message: no, exceptionType: java.io.IOException}}]}}\n"
    )
    bus.start().ready()
    assert bus.call("/in", b"tea")[0] == 200
    listed = until(lambda: json.loads(bus.esb("dlq", "list", "--json").stdout)["messages"], "the dead letter")
    assert [(one["route"], one["origin"]) for one in listed] == [("part", "work")]
    assert "1 failed message: 1 on work.dlq; 'esb dlq list' shows them" in bus.esb("status").stdout
    (bus.folder / "out" / "tea").unlink()
    assert bus.esb("dlq", "replay", "--id", listed[0]["id"]).returncode == 0
    until((bus.folder / "out" / "tea").exists, "the message once more")
