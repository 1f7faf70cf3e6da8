"""From life to test: a conversation that was led is exported, holds nobody, and goes the same with somebody else."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conversations.runner.items import FOLDER
from tests.conversations.runner.reading import Conversation, read
from tests.conversations.runner.running import Run
from tests.conversations.runner.world import World
from tests.stack import Stack

LED = {
    "export.yml": [
        "Somebody changes their mind about a copy and then wants it after all",
        "A second wish for a copy finds the first and goes on to its code",
    ],
    "verification.yml": ["After three wrong codes the right one is refused and a new one is sent"],
    "consent.yml": [
        "The switches of the card are saved in one go",
    ],
    "rectification.yml": [
        "A new e-mail address needs a code to the old one and holds up copies for three days",
    ],
    "erasure.yml": ["Only what the shop recorded is deleted, and after that it cannot be taken back any more"],
    "a_person_wanted.yml": ["A visitor asks for a person twice and keeps one place"],
}


def named(file: str, name: str) -> Conversation:
    (found,) = [each for each in read(FOLDER / file) if each.name == name]
    return found


def values_of(customer: dict) -> list[str]:
    own = [customer["name"], *customer["name"].split(), customer["email"], customer["phone"], str(customer["id"])]
    return [value for value in own if value]


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in LED.items() for name in names])
def test_a_conversation_that_was_led_runs_again_as_a_test_with_somebody_else(
    stack: Stack, tmp_path: Path, file: str, name: str
) -> None:
    original = named(file, name)
    led = Run(original, World(stack))
    led.run()
    speaker = led.speakers[0]
    made = tmp_path / "stored.yml"
    stack.command("conversations", "export", speaker.conversation, "--by", "tester", "--to", str(made))
    text = made.read_text(encoding="utf-8")
    for value in values_of(speaker.customer) if speaker.customer else []:
        assert value not in text
    (again,) = read(made)
    # What the shop holds of somebody is no part of an export; with somebody of whom it holds the same it goes alike.
    people = dict(zip(again.people, original.people.values(), strict=True))
    Run(replace(again, people=people), World(stack)).run()
