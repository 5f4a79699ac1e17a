"""The listeners of the master."""

import os

import pytest
from gunicorn.config import Config

from esb.runtime.arbiter import _listener


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # gunicorn leaves the socket to the collector
def test_a_unix_address_that_cannot_be_had_leaves_the_mask_of_new_files_as_it_was(tmp_path):
    before = os.umask(0o027)
    try:
        with pytest.raises(OSError, match="No such file"):
            _listener(str(tmp_path / "nowhere" / "s"), Config(), None)
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
