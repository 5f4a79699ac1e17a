"""What keeps ``pytest`` without arguments running."""

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_modules_of_tests_have_names_of_their_own():
    """Most folders of tests are no packages: pytest cannot collect two modules of one name together."""
    names = Counter(path.name for path in TESTS.rglob("test_*.py") if not (path.parent / "__init__.py").exists())
    assert [name for name, count in names.items() if count > 1] == []
