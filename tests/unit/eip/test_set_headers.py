def test_later_headers_see_earlier_ones(bus):
    sent = bus.route('- setHeaders: {headers: [{name: a, simple: "${body}"}, {name: b, simple: "${header.a}!"}]}').send(
        "x"
    )
    assert dict(sent.headers) == {"a": "x", "b": "x!"}


def test_none_at_all_is_refused(refused):
    assert "names no headers" in refused("- setHeaders: {}")
