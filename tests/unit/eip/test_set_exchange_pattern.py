def test_the_pattern_changes_for_the_rest_of_the_way(bus):
    assert bus.route("- setExchangePattern: InOnly").send().pattern == "InOnly"


def test_an_unknown_pattern_is_refused(refused):
    assert "not one of InOnly, InOut" in refused("- setExchangePattern: Wrong")
