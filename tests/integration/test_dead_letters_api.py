"""Failed messages through the management port of a running bus with two workers."""

import json
import urllib.error
import urllib.request

from running import Running

from esb.testing.process import until

ROUTES = """
- route:
    id: deliver
    from:
      uri: "bus:orders?maximumRedeliveries=1&redeliveryDelay=10"
      steps:
        - filter:
            simple: "${body} contains 'bad'"
            steps:
              - throwException: {exceptionType: java.net.ConnectException, message: the partner is away}
        - to: bus:done
"""


def ask(running, method, path, body=None):
    request = urllib.request.Request(
        f"http://127.0.0.1:{running.management}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_a_failed_message_is_found_mended_and_sent_back_by_whichever_worker_answers(tmp_path):
    running = Running(tmp_path)
    try:
        running.write(ROUTES, workers=2)
        running.start().ready()
        for number in range(3):
            assert running.esb("send", "bus:orders", "--body", f"bad {number}").returncode == 0
        until(lambda: ask(running, "GET", "/dead-letters")[1]["selected"] == 3, "the dead letters")
        told = ask(running, "GET", "/dead-letters?error=partner&route=deliver")[1]["messages"]
        first = told[0]["id"]
        status, letter = ask(running, "GET", f"/dead-letters/orders.dlq/{first}")
        assert (status, letter["body"][:3], letter["attempts"], len(letter["tried"])) == (200, "bad", 2, 1)
        assert ask(running, "PATCH", f"/dead-letters/orders.dlq/{first}", {"body": "good"})[0] == 200
        status, job = ask(running, "POST", "/dead-letters/replay", {"id": first})
        assert status == 202
        # Whichever worker is asked for the job knows of it, or asks the one that has it.
        for _ in range(5):
            until(lambda: ask(running, "GET", job["path"])[1]["state"] == "done", "the end of the job")
        until(lambda: ask(running, "GET", "/dead-letters")[1]["selected"] == 2, "the message gone from there")
        status, job = ask(running, "POST", "/dead-letters/discard", {"all": True})
        assert (status, job["total"]) == (202, 2)
        until(lambda: ask(running, "GET", "/dead-letters")[1]["selected"] == 0, "the others gone")
        noted = [json.loads(line)["action"] for line in (tmp_path / "state" / "audit.jsonl").read_text().splitlines()]
        assert noted == ["dlq edit", "dlq replay", "dlq discard"]
    finally:
        running.close()
