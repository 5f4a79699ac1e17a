def test_the_header_goes_whatever_its_case(bus):
    assert dict(bus.route("- removeHeader: BAR").send(bar=1, foo=2).headers) == {"foo": 2}


def test_a_star_is_part_of_the_name(bus):
    assert "ax" in bus.route('- removeHeader: {name: "a*"}').send(ax=1).headers
