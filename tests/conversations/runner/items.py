"""Makes each conversation an item of pytest, and keeps the list of known failures honest."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.conversations.runner.coverage import Coverage
from tests.conversations.runner.matrix import FILE as MATRIX
from tests.conversations.runner.reading import BadFile, Block, Conversation, Lines, load, read
from tests.conversations.runner.records import Record
from tests.conversations.runner.running import ConversationDiffers, Run
from tests.conversations.runner.world import World
from tests.stack import Stack, StackError

FOLDER = Path(__file__).resolve().parent.parent
KNOWN_FAILURES = "expected_failures.yml"
_NO_CONVERSATIONS = (KNOWN_FAILURES, MATRIX.name)
SEEN = Coverage()
"""What the conversations of this run went through."""
RECORDS: dict[str, Record] = {}
"""What came of each."""


def holds_conversations(path: Path) -> bool:
    """Every `*.yml` but the list of known failures and the matrix is a file of conversations."""
    return path.suffix == ".yml" and path.name not in _NO_CONVERSATIONS


def every_conversation() -> list[Conversation]:
    """All conversations of this folder, file by file."""
    return [each for path in sorted(FOLDER.iterdir()) if holds_conversations(path) for each in read(path)]


class ConversationFile(pytest.File):
    """A file of conversations."""

    def collect(self) -> Iterator[pytest.Item]:
        """Each conversation as an item.

        Raises:
            pytest.Collector.CollectError: The file cannot be understood; the sentence names the line.
        """
        try:
            conversations = read(self.path)
            known = known_failures(self.path.parent / KNOWN_FAILURES)
        except BadFile as error:
            raise self.CollectError(str(error)) from None
        for conversation in conversations:
            yield ConversationItem.make(self, conversation, known.get(conversation.id))


class ConversationItem(pytest.Function):
    """One conversation; takes the fixture `stack` as a test function would."""

    conversation: Conversation

    @classmethod
    def make(cls, parent: ConversationFile, conversation: Conversation, known: str | None) -> "ConversationItem":
        """An item for a conversation, with the reason of its known failure if it has one."""

        def converse(stack: Stack, stack_with: Callable[[dict[str, str]], Stack]) -> None:
            lead(stack_with(conversation.settings) if conversation.settings else stack)

        def converse_apart(own_stack: Stack) -> None:
            own_stack.forget_policy_versions()
            lead(own_stack)

        def lead(desk: Stack) -> None:
            desk.check()
            world = World(desk)
            record = RECORDS[conversation.id] = Record(said=world.answered)
            try:
                hold(conversation, world, known)
                record.outcome = "held"
            except pytest.xfail.Exception:
                record.outcome = "known to fail"
                raise
            finally:
                SEEN.add(conversation.covers, world.chats)
                record.states = world.states()

        run = converse_apart if conversation.own_desk else converse
        item = cast(ConversationItem, cls.from_parent(parent, name=conversation.name, callobj=run))
        item.conversation = conversation
        return item

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the conversation stands, and its name."""
        return self.path, self.conversation.line - 1, self.conversation.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What happened, for a reader of conversations; anything else as pytest shows it."""
        if isinstance(excinfo.value, ConversationDiffers | StackError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


def hold(conversation: Conversation, world: World, known: str | None) -> None:
    """Run a conversation.

    Args:
        conversation: What to run.
        world: The desk to run it on.
        known: Why it is known to fail, if it is.

    Raises:
        ConversationDiffers: It failed and is not known to, or it did not fail and is known to.
    """
    try:
        Run(conversation, world).run()
    except ConversationDiffers:
        if known is None:
            raise
        pytest.xfail(known)
    if known is not None:
        raise ConversationDiffers(
            f"{conversation.name}\n\n▶ This conversation is known to fail ({known}), and it went through.\n"
            f"    If that is right, remove {conversation.id!r} from {KNOWN_FAILURES}."
        )


def known_failures(path: Path) -> dict[str, str]:
    """Conversations that are known to fail, with the reason.

    Raises:
        BadFile: The file cannot be understood.
    """
    listed = load(path) if path.exists() else None
    if listed is None:
        return {}
    if not isinstance(listed, Lines):
        raise BadFile(path, 1, "this is a list of `- id: <file>/<name>` with a `reason` each.")
    reasons: dict[str, str] = {}
    for entry, line in zip(listed, listed.lines, strict=True):
        if not isinstance(entry, Block) or set(entry) != {"id", "reason"} or not entry["reason"]:
            raise BadFile(path, line, "an entry has an `id` (file and name, with a slash between) and a `reason`.")
        if entry["id"] in reasons:
            raise BadFile(path, line, f"{entry['id']!r} stands twice.")
        reasons[entry["id"]] = entry["reason"]
    return reasons
