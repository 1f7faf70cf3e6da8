"""A typed identity code is read by the desk and kept from the engine."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.errors import Unavailable
from bot.store import conversations
from bot.store.desk_tables import PrivacyRequest, VerificationCode
from bot.vocabulary import RequestKind, RequestState
from bot.web.engine_client import Reply
from bot.web.turns import Said, Turns


class Engine:
    """Stands where Rasa stands; remembers what it was sent."""

    def __init__(self):
        self.seen = []

    async def turn(self, payload):
        self.seen.append(payload)
        return Reply([{"text": "Fine.", "response": "utter_fine"}])


def say(desk, conversation_id, text, engine=None):
    """What the engine is sent."""
    engine = engine or Engine()
    asyncio.run(Turns(desk, engine).take(conversation_id, text, Said(text=text)))
    return engine.seen[-1]


def send_code(desk, conversation_id, number="PR-2026-000001"):
    """A code was sent in this conversation."""
    with desk.transaction() as session:
        now = desk.clock.now()
        session.add(
            PrivacyRequest(
                number=number, kind=RequestKind.EXPORT, state=RequestState.AWAITING_VERIFICATION,
                regime="policy", conversation_id=conversation_id, subject="1001", origin=number,
                received_at=now, due_at=now,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            VerificationCode(
                request_number=number, conversation_id=conversation_id, subject="1001", salt="s",
                code_hash="h", tries_left=3, sent_at=now, expires_at=now + timedelta(minutes=10),
            )
        )  # fmt: skip


@pytest.mark.parametrize("text", ["123456", "123 456", "My code is 123-456."])
def test_a_code_reaches_the_engine_as_dots_and_the_action_as_it_was_typed(desk, chat, text):
    conversation_id = chat("1001")
    send_code(desk, conversation_id)
    sent = say(desk, conversation_id, text)
    assert (sent["intent"], sent["label"]) == ("submit_code", "••••••")
    assert "text" not in sent
    assert not any(digits in json.dumps(sent) for digits in ("123456", "123 456", "123-456"))
    with desk.reading() as session:
        assert conversations.said_in(session, conversation_id, sent["message"]) == text


def test_six_digits_are_words_where_no_code_was_sent(desk, chat):
    sent = say(desk, chat("1001"), "123456")
    assert sent["text"] == "‹number›" and "intent" not in sent


def test_a_code_sent_in_another_conversation_makes_no_code_here(desk, chat):
    send_code(desk, chat("1001"))
    sent = say(desk, chat("1001"), "123456")
    assert sent["text"] == "‹number›" and "intent" not in sent


def use_code(desk, number="PR-2026-000001", message=None):
    """The code did its work, and the request went on."""
    with desk.transaction() as session:
        code = session.scalar(select(VerificationCode).where(VerificationCode.request_number == number))
        code.used_at, code.tries_left, code.last_message = desk.clock.now(), 0, message
        session.get(PrivacyRequest, number).state = RequestState.RUNNING


def test_six_digits_are_words_again_once_the_code_was_used(desk, chat):
    hers, bystander = chat("1001"), chat("1002")
    send_code(desk, hers)
    send_code(desk, bystander, "PR-2026-000002")
    use_code(desk)
    sent = say(desk, hers, "It was 123456")
    assert sent["text"] == "It was ‹number›" and "intent" not in sent
    assert say(desk, bystander, "It was 123456")["intent"] == "submit_code"


def test_a_code_that_is_too_old_or_was_tried_too_often_is_still_a_code_while_its_request_waits(desk, chat):
    conversation_id = chat("1001")
    send_code(desk, conversation_id)
    with desk.transaction() as session:
        code = session.scalars(select(VerificationCode)).one()
        code.tries_left, code.expires_at = 0, desk.clock.now() - timedelta(minutes=1)
    sent = say(desk, conversation_id, "123456")
    assert (sent["intent"], sent["label"]) == ("submit_code", "••••••")


def test_a_code_that_did_its_work_before_its_turn_broke_off_is_a_code_when_it_is_sent_again(desk, chat):
    class Dying(Engine):
        async def turn(self, payload):
            reply = await super().turn(payload)
            if len(self.seen) == 1:
                use_code(desk, message=payload["message"])
                raise Unavailable
            return reply

    conversation_id, engine = chat("1001"), Dying()
    send_code(desk, conversation_id)
    with pytest.raises(Unavailable):
        say(desk, conversation_id, "123456", engine)
    say(desk, conversation_id, "123456", engine)
    assert engine.seen[0] == engine.seen[1]


def test_words_around_digits_stay_words_while_a_code_is_awaited(desk, chat):
    conversation_id = chat("1001")
    send_code(desk, conversation_id)
    assert say(desk, conversation_id, "order 123456 is wrong")["text"] == "order ‹order› is wrong"
