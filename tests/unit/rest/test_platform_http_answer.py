"""``platform-http:``: which headers of the message and of the request go back with the answer."""

import pytest

from adapters.rest import server

FORM = "application/x-www-form-urlencoded"
ROUTE = """
  - from:
      uri: platform-http:/x
      steps:
        - setBody: {constant: hello}
"""


def test_what_makes_browsers_act_is_looked_for_once_however_often_the_request_brings_it(load, monkeypatch):
    serve = load(ROUTE)
    read, fields = [], server._fields
    monkeypatch.setattr(server, "_fields", lambda text: read.append(text) or fields(text))
    answer = serve("POST", "/x?Link=1", "&".join(["Location=/evil"] * 900), content_type=FORM)
    assert (answer.body, answer.pairs, len(read)) == ("hello", [("Content-Type", FORM)], 4)


@pytest.mark.parametrize("value", ["https://evil/", "https://evil/\u00c3\u00a4"])
def test_what_makes_browsers_act_does_not_go_back_in_whatever_letters_it_came(load, value):
    assert load(ROUTE)("GET", "/x", location=value).pairs == []
