"""Odd and simultaneous calls on PostgreSQL, which lets two begin at once and refuses values that SQLite takes."""

import asyncio
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import func, select

from bot.store.desk_tables import ChatSession, Conversation, Message, Turn
from bot.web.app import make_app
from bot.web.turns import Said, Turns
from tests.unit.conftest import open_chat
from tests.unit.test_shop_tokens import signed
from tests.unit.test_turns import Engine

ROUNDS = 8


@pytest.fixture
def desk(postgresql_desk):
    return postgresql_desk


def rows(desk, table):
    with desk.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def calls(desk, *asked):
    """What the API answers to calls that begin at the same moment: method, address, token and body of each."""

    async def all_of_them():
        door = httpx.ASGITransport(app=make_app(desk), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=door, base_url="http://desk.example.com/api/v1") as client:
            return await asyncio.gather(
                *(
                    client.request(method, address, headers={"Authorization": f"Bearer {token}"}, json=body)
                    for method, address, token, body in asked
                )
            )

    return asyncio.run(all_of_them())


def test_one_key_twice_at_once_is_one_message_to_the_person_who_answers(desk):
    hers, bystander = open_chat(desk, "1001"), open_chat(desk, "1002")
    with desk.transaction() as session:
        session.get(Conversation, hers).owner = "person"
    turns = Turns(desk, Engine())

    async def twice(key):
        return await asyncio.gather(*(turns.take(hers, key, Said(text="Hello?")) for _ in range(2)))

    for number in range(ROUNDS):
        assert [answered.owner for answered in asyncio.run(twice(str(number)))] == ["person", "person"]
    assert (rows(desk, Turn), rows(desk, Message)) == (ROUNDS, ROUNDS)
    assert asyncio.run(turns.take(bystander, "k", Said(text="Hello?"))).owner == "bot"


def test_one_shop_token_thrice_at_once_opens_one_session(desk):
    for number in range(ROUNDS):
        token = signed(jti=str(number))
        answers = calls(desk, *[("POST", "/sessions", token, None)] * 3)
        assert sorted(answer.status_code for answer in answers) == [201, 401, 401]
        assert rows(desk, ChatSession) == number + 1


@pytest.mark.parametrize("odd", ["\x00", "a\x00b", "‹", "'"])
def test_an_id_that_was_never_given_out_is_gone_whatever_it_is_made_of(desk, odd):
    token = calls(desk, ("POST", "/sessions", signed(), None))[0].json()["token"]
    asked = [
        ("POST", "/messages", token, {"choice": odd}),
        ("POST", "/messages", token, {"form": {"id": odd, "values": {}}}),
        ("GET", f"/requests/{quote(odd)}", token, None),
    ]
    answers = calls(desk, *asked)
    codes = [(410, "choice_gone"), (410, "form_gone"), (404, "not_found")]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == codes
    assert rows(desk, Turn) == 0


def test_nobody_reads_on_after_a_message_that_cannot_be(desk):
    token = calls(desk, ("POST", "/sessions", signed(), None))[0].json()["token"]
    huge = calls(desk, *[("GET", f"/messages?after={number}", token, None) for number in (2**31, 2**64)])
    assert [answer.status_code for answer in huge] == [422, 422]
    assert calls(desk, ("GET", f"/messages?after={2**31 - 1}", token, None))[0].json()["messages"] == []
