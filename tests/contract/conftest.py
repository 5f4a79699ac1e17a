import pytest

# The suite is shipped code: pytest must be told that its asserts should explain themselves.
pytest.register_assert_rewrite("esb.testing.broker_suite")
