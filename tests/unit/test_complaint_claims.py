"""Number and claim code: the key of people without an account, and of nobody else."""

import asyncio
import json
import re
import time
from datetime import timedelta
from statistics import median

import pytest
from sqlalchemy import select

from bot.privacy import complaint_claim, complaint_status
from bot.privacy.complaint_claim import Verdict
from bot.privacy.typed_code import CLAIM_ALPHABET, HIDDEN_CLAIM, TypedClaim, claim_in
from bot.store import conversations
from bot.store.desk_tables import AuditEntry, Card, Case, Message
from bot.vocabulary import Author
from bot.web.turns import Said, Turns
from tests.unit.exporting import copy_for
from tests.unit.test_requests_and_cases import all_of, file
from tests.unit.test_typed_codes import Engine


def give(desk, conversation_id, number):
    """The code as the person reads it."""
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation_id)
        card = complaint_claim.give_code(session, desk.clock.now(), chat, number)
        return session.get_one(Card, card).content["code"] if card else None


def typed(desk, conversation_id, text):
    """A message as the web keeps it."""
    with desk.transaction() as session:
        message = Message(
            conversation_id=conversation_id, author=Author.USER, text=text, citations=[], choices=[],
            created_at=desk.clock.now(),
        )  # fmt: skip
        session.add(message)
        session.flush()
        return message.id


def claim(desk, conversation_id, text, message=None):
    message = message or typed(desk, conversation_id, text)
    with desk.transaction() as session:
        chat = conversations.conversation(session, conversation_id)
        return complaint_claim.claim(session, desk.clock.now(), chat, message)


def numbers(desk, conversation_id):
    with desk.reading() as session:
        chat = conversations.conversation(session, conversation_id)
        return [each.number for each in complaint_status.own_cases(session, chat)]


@pytest.fixture
def case(desk, chat):
    """A case without an account, its code, and a bystander's case that no code here opens."""
    mine, other = chat(None), chat(None)
    number, bystander = file(desk, mine).number, file(desk, other, origin="2").number
    code = give(desk, mine, number)
    give(desk, other, bystander)
    yield mine, number, code
    assert numbers(desk, other) == [bystander]


def test_a_code_has_sixty_random_bits_and_looks_like_no_word(desk, chat):
    codes = [complaint_claim._new_code() for _ in range(300)]
    assert len(set(codes)) == 300 and len(CLAIM_ALPHABET) == 32
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}", code) for code in codes)
    assert all(sum(sign.isdigit() for sign in code) >= 3 for code in codes)


def test_only_a_salted_hash_of_the_code_is_kept(desk, case):
    _mine, number, code = case
    with desk.reading() as session:
        row = session.get_one(Case, number)
    assert code not in str(vars(row)) and code.replace("-", "") not in str(vars(row))
    assert len(row.claim_hash) == 64 and len(row.claim_salt) == 32


def test_number_and_code_open_the_case_in_another_conversation(desk, chat, case):
    mine, number, code = case
    later = chat(None)
    assert claim(desk, later, f"Hello, my number is {number} and the code {code}.").verdict is Verdict.OPENED
    entries = [each for each in all_of(desk, AuditEntry) if each.event == "case_claimed"]
    assert [(each.reference, each.conversation_id) for each in entries] == [(number, later)]
    assert numbers(desk, later) == [number] and numbers(desk, mine) == []


def test_a_case_opened_by_a_customer_is_in_their_copy_and_still_names_nobody(desk, chat, case):
    _mine, number, code = case
    hers, theirs = chat("1001"), chat("1002")
    claim(desk, hers, f"{number} {code}")
    assert [row["number"] for row in copy_for(desk, hers, "1001").rows("desk-cases")] == [number]
    assert copy_for(desk, theirs, "1002").rows("desk-cases") == []
    with desk.reading() as session:
        assert session.get_one(Case, number).subject is None
    claim(desk, chat(None), f"{number} {code}")
    assert copy_for(desk, hers, "1001").rows("desk-cases") == []


@pytest.mark.parametrize("spelled", ["{0}", "{0} ", "my code: {1}", "{2}", "it is {3}"])
def test_a_code_may_be_spelled_in_several_ways(desk, chat, case, spelled):
    _mine, number, code = case
    typed_code = spelled.format(code.lower(), code.replace("0", "o"), code.replace("-", " "), code.replace("1", "l"))
    assert claim(desk, chat(None), f"{number} {typed_code}").verdict is Verdict.OPENED


def test_the_number_may_come_in_a_message_of_its_own(desk, chat, case):
    _mine, number, code = case
    later = chat(None)
    assert claim(desk, later, code).verdict is Verdict.NO_NUMBER
    typed(desk, later, f"The number is {number}")
    assert claim(desk, later, code).verdict is Verdict.OPENED


def test_what_is_wrong_is_told_alike_and_opens_nothing(desk, chat, case):
    mine, number, code = case
    customers = file(desk, chat("1001"), origin="3").number
    for text in (f"{number} 0000-AAAA-0000", f"CS-2026-999999 {code}", f"{customers} {code}", f"CS-2026-000002 {code}"):
        assert claim(desk, chat(None), text) == complaint_claim.Claimed(Verdict.WRONG)
    assert numbers(desk, mine) == [number]
    assert not [
        entry.reference for entry in all_of(desk, AuditEntry) if entry.event == "claim_wrong" and entry.reference
    ]


def test_a_customers_case_has_no_code(desk, chat):
    conversation_id = chat("1001")
    assert give(desk, conversation_id, file(desk, conversation_id).number) is None
    with desk.reading() as session:
        assert session.scalar(select(Case.claim_hash)) is None


def test_after_five_wrong_tries_a_conversation_opens_nothing_any_more(desk, chat, case):
    _mine, number, code = case
    guesser = chat(None)
    for guess in range(5):
        assert claim(desk, guesser, f"{number} 000{guess}-AAAA-0000").verdict is Verdict.WRONG
    assert claim(desk, guesser, f"{number} {code}").verdict is Verdict.TOO_MANY
    assert numbers(desk, guesser) == []
    assert claim(desk, chat(None), f"{number} {code}").verdict is Verdict.OPENED  # the owner is not locked out


def test_a_wrong_number_takes_as_long_as_a_wrong_code(desk, chat, case):
    _mine, number, _code = case
    times = {number: [], "CS-2026-999999": []}
    for _ in range(5):
        for each, taken in times.items():
            conversation_id = chat(None)
            message = typed(desk, conversation_id, f"{each} 0000-AAAA-0000")
            begun = time.perf_counter()
            claim(desk, conversation_id, "", message)
            taken.append(time.perf_counter() - begun)
    known, unknown = (median(taken) for taken in times.values())
    assert 0.5 < known / unknown < 2


def test_a_typed_code_is_blotted_out_and_the_same_message_handled_twice_opens_once(desk, chat, case):
    _mine, number, code = case
    later = chat(None)
    message = typed(desk, later, f"{number} {code}")
    assert claim(desk, later, "", message).verdict is Verdict.OPENED
    assert claim(desk, later, "", message).verdict is Verdict.OPENED
    with desk.reading() as session:
        assert session.get_one(Message, message).text == f"{number} {HIDDEN_CLAIM}"
    assert code not in str([vars(each) for each in all_of(desk, Message)])


def test_a_code_is_shown_for_ten_minutes_and_then_nowhere(desk, chat, case):
    mine, number, code = case
    with desk.transaction() as session:
        card = session.get_one(Card, session.get_one(Case, number).claim_card)
        session.add(
            Message(
                conversation_id=mine, author=Author.BOT, text="Write it down.", response="utter_claim_code",
                citations=[], choices=[], card=card.content, created_at=desk.clock.now(),
            )
        )  # fmt: skip
    desk.clock.advance(timedelta(minutes=9))
    assert complaint_claim.forget_shown_codes(desk) == 0
    desk.clock.advance(timedelta(minutes=2))
    assert complaint_claim.forget_shown_codes(desk) == 2 and complaint_claim.forget_shown_codes(desk) == 0
    kept = str([vars(each) for table in (Card, Message, Case) for each in all_of(desk, table)])
    assert code not in kept
    assert claim(desk, chat(None), f"{number} {code}").verdict is Verdict.OPENED


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CS-2026-000007 7K2M-9XQ4-HR3D", TypedClaim("CS-2026-000007", "7K2M-9XQ4-HR3D")),
        ("cs 2026 000007, 7k2m-9xq4-hr3d", TypedClaim("CS-2026-000007", "7K2M-9XQ4-HR3D")),
        ("please, the code 7K2M-9XQ4-HR3D belongs to a long story that I told you", TypedClaim(None, "7K2M-9XQ4-HR3D")),
        ("7K2M 9XQ4 HR3D", TypedClaim(None, "7K2M-9XQ4-HR3D")),
        ("7K2M9XQ4HR3D", TypedClaim(None, "7K2M-9XQ4-HR3D")),
        (f"CS-2026-000007 {HIDDEN_CLAIM}", TypedClaim("CS-2026-000007", None)),
        ("CS-2026-000007", None),
        ("it was the very best shop ever", None),
        ("call me at 0170-1234-567", None),
        ("they-were-here", None),
        ("since 2026 they have lost 1234 orders", None),
    ],
)
def test_claim_codes_are_told_from_other_words(text, found):
    assert claim_in(text) == found


@pytest.mark.parametrize(
    "text", ["CS-2026-000001 7K2M-9XQ4-HR3D", "hello there, 7k2m-9xq4-hr3d is my code", "7K2M9XQ4HR3D"]
)
def test_a_typed_claim_code_never_reaches_the_engine(desk, chat, text):
    engine = Engine()
    asyncio.run(Turns(desk, engine).take(chat(None), "k", Said(text=text)))
    (sent,) = engine.seen
    assert (sent["intent"], sent["label"]) == ("submit_claim", "••••••")
    assert "9XQ4" not in json.dumps(sent).upper()
