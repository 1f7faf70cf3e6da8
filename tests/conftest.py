"""What all tests share."""

from collections.abc import Iterator

import pytest

from tests.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real desk, started once for all tests that ask for it; a process it leaves behind is an error."""
    desk = Stack(tmp_path_factory.mktemp("desk"))
    desk.start()
    yield desk
    desk.stop()
