"""What a retrained model takes for something else is listed with the place where it is said."""

from bench.flips import changed, sentences
from bench.reading import Reading


def reading(text: str, intent: str, clause: str = "", covered: bool = True) -> Reading:
    return Reading(1, text, intent, 0.9, [], covered if clause else None, [{"id": clause}] if clause else [])


def test_every_sentence_of_the_conversations_is_read_once():
    said = sentences()
    assert len(said) > 100 and said["Please send me a copy of all my data as a file"].partition(":")[0].endswith(".yml")
    assert not any("${" in text for text in said)


def test_another_intent_another_clause_or_none_is_a_change_and_another_confidence_is_not():
    before = [reading("a", "greet"), reading("b", "ask_policy", "security"), reading("c", "ask_policy", "security")]
    before += [reading("d", "greet"), reading("e", "ask_policy", "security")]
    after = [reading("a", "help"), reading("b", "ask_policy", "minors")]
    after += [reading("c", "ask_policy", "security", covered=False)]
    after += [Reading(1, "d", "greet", 0.5, [], None, []), reading("e", "ask_policy", "security")]
    assert [now.text for _, now in changed(before, after)] == ["a", "b", "c"]
