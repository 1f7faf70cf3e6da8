"""Leads conversations on a running desk until one does not go as it should.

In a process of its own (`python -m tests.mutations.leading <home> <port> <pid> <ids>`), so that what the staff do in a
conversation is done by the code as it stands in the copy at that moment.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests import policies
from tests.conversations.runner.reading import Conversation
from tests.conversations.runner.running import ConversationDiffers, Run
from tests.conversations.runner.world import World
from tests.mutations.choosing import all_conversations
from tests.stack import Stack, StackError


@contextmanager
def started(home: Path) -> Iterator[Stack]:
    """A desk with a policy folder of its own, so that conversations may publish on it."""
    stack = Stack(home, settings(home))
    stack.start()
    try:
        yield stack
    finally:
        with suppress(StackError):
            stack.stop()


def settings(home: Path) -> dict[str, str]:
    """Settings of such a desk."""
    return {"POLICY_FOLDER": str(policies.first_only(home.with_name("policies")))}


def differs(stack: Stack, conversation: Conversation, chats: list[Any] | None = None) -> str | None:
    """What does not go as written in a conversation.

    Args:
        stack: The desk.
        conversation: What to lead.
        chats: Where the engine's events of its chats go.
    """
    world = World(stack)
    try:
        if conversation.own_desk:
            stack.forget_policy_versions()
        Run(conversation, world).run()
    except (ConversationDiffers, StackError) as difference:
        return str(difference)
    except Exception as error:
        # A border: broken code may raise anything where the staff act, and that is found as well.
        return f"{type(error).__name__}: {error}"
    finally:
        if chats is not None:
            chats += world.chats
    return None


def main(home: Path, port: int, pid: int, ids: list[str]) -> int:
    """Print the first conversation that differs; exit 1 when there is one."""
    stack = Stack(home, settings(home))
    stack.join(port, pid)
    by_id = {each.id: each for each in all_conversations()}
    for each in ids:
        if (difference := differs(stack, by_id[each])) is not None:
            print(json.dumps({"caught_by": each, "difference": difference}))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])))
