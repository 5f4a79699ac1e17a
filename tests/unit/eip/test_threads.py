def test_the_message_goes_on(bus):
    assert bus.route("[{threads: {poolSize: 2, maxPoolSize: 5}}, {setBody: {constant: after}}]").send().body == "after"


def test_impossible_sizes_are_refused(refused):
    assert "less than 'poolSize'" in refused("- threads: {poolSize: 5, maxPoolSize: 2}")
