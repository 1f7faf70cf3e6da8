"""Two runs went the same way when their records are equal, whoever took part and whenever."""

from typing import Any

from tests.conversations.runner.records import ON_ITS_WAY, Record, answered, differences, read, seal, states, write


def said(text: str, **more: Any) -> dict[str, Any]:
    usual = {"response": "utter_greet", "text": text, "citations": [], "choices": [], "card": None}
    return {"messages": [usual | more], "owner": "bot"}


def test_numbers_dates_and_people_are_no_difference():
    one = said("Hello Ada, PR-2026-000001", choices=[{"id": "a", "label": "Take back PR-2026-000001"}])
    other = said("Hello Ben, PR-2026-000777", choices=[{"id": "b", "label": "Take back PR-2026-000777"}])
    assert answered("ada", 200, one) == answered("ada", 200, other)


def test_another_response_quotation_choice_card_or_refusal_is_a_difference():
    usual = answered("ada", 200, said("Hello"))
    others = [
        answered("ada", 200, said("Hello", response="utter_help")),
        answered("ada", 200, said("Hello", citations=[{"clause": "security"}])),
        answered("ada", 200, said("Hello", choices=[{"id": "a", "label": "Help"}])),
        answered("ada", 200, said("Hello", card={"kind": "receipt"})),
        answered("ada", 200, said("Hello") | {"owner": "person"}),
        answered("ada", 410, {"code": "choice_gone"}),
    ]
    assert usual not in others and len(set(others)) == len(others)


def test_states_are_those_of_the_people_of_the_conversation():
    row = {"number": "PR-1", "kind": "export", "state": "running", "subject": "7", "conversation_id": "c"}
    rows = {"privacy_requests": [row, row | {"subject": "8", "conversation_id": "d"}], "cases": []}
    rows["guardian_consents"] = [{"number": "GC-1", "state": "live", "subject": "9", "conversation_id": "c"}]
    found = states(rows, ["7"], ["c"])
    assert found == ["privacy_requests: export running", "guardian_consents: consent live"]
    assert found[0].endswith(ON_ITS_WAY) and not found[1].endswith(ON_ITS_WAY)


def test_what_went_another_way_is_told_with_its_first_difference(tmp_path):
    one = {"a/b": Record("held", ["ada: utter_greet (bot)", "ada: utter_help (bot)"], ["cases: handoff waiting"])}
    other = {"a/b": Record("differs", ["ada: utter_greet (bot)", "ada: utter_deny (bot)"], []), "a/c": Record()}
    write(one, tmp_path / "out" / "one.json")
    assert read(tmp_path / "out" / "one.json") == one and differences(one, one) == []
    told = differences(one, other)
    assert told[0] == "a/c: only one of them led it" and told[1] == "a/b: held, then differs"
    assert "utter_help" in told[2] and "utter_deny" in told[2] and "'–'" in told[3]
    assert seal(one) != seal(other)
