"""A typed identity code is read by the desk and kept from the engine."""

import asyncio
import json
from datetime import timedelta

import pytest

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


def say(desk, conversation_id, text):
    """What the engine is sent."""
    engine = Engine()
    asyncio.run(Turns(desk, engine).take(conversation_id, text, Said(text=text)))
    return engine.seen[0]


def send_code(desk, conversation_id):
    """A code was sent in this conversation."""
    with desk.transaction() as session:
        now = desk.clock.now()
        session.add(
            PrivacyRequest(
                number="PR-2026-000001", kind=RequestKind.EXPORT, state=RequestState.AWAITING_VERIFICATION,
                regime="policy", conversation_id=conversation_id, subject="1001", origin="1",
                received_at=now, due_at=now,
            )
        )  # fmt: skip
        session.flush()
        session.add(
            VerificationCode(
                request_number="PR-2026-000001", conversation_id=conversation_id, subject="1001", salt="s",
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


def test_words_around_digits_stay_words_while_a_code_is_awaited(desk, chat):
    conversation_id = chat("1001")
    send_code(desk, conversation_id)
    assert say(desk, conversation_id, "order 123456 is wrong")["text"] == "order ‹order› is wrong"
