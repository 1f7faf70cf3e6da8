"""What all tests share."""

from collections.abc import Callable, Iterator

import pytest

from tests import policies
from tests.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real desk, started once for all tests that ask for it; a process it leaves behind is an error."""
    desk = Stack(tmp_path_factory.mktemp("desk"))
    desk.start()
    yield desk
    desk.stop()


@pytest.fixture(scope="session")
def stack_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[str, str]], Stack]]:
    """Desks with settings of their own, each started when it is first asked for."""
    desks: dict[tuple[tuple[str, str], ...], Stack] = {}

    def started(settings: dict[str, str]) -> Stack:
        key = tuple(sorted(settings.items()))
        if key not in desks:
            desks[key] = Stack(tmp_path_factory.mktemp("desk"), settings)
            desks[key].start()
        return desks[key]

    yield started
    for desk in desks.values():
        desk.stop()


@pytest.fixture(scope="session")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A second desk, for what everybody at a desk would notice: new versions of the policy."""
    home = tmp_path_factory.mktemp("own")
    desk = Stack(home / "desk", {"POLICY_FOLDER": str(policies.first_only(home))})
    desk.start()
    yield desk
    desk.stop()
