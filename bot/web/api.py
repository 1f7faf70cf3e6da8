"""The chat API of the contract, `/api/v1`."""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.concurrency import run_in_threadpool

from bot.errors import ChoiceGone, FormGone, Invalid, NotFound, NotSignedIn, TooLong
from bot.privacy import policy_banner
from bot.privacy.form_cards import MOST_FIELDS
from bot.privacy.handoff_talk import user_read, user_types
from bot.privacy.policy_question import Citation
from bot.privacy.request_status import RequestView, own_request, own_requests
from bot.privacy.taking_back import revoke_request
from bot.privacy.typed_code import claim_in
from bot.store import conversations
from bot.web.forms import Filled
from bot.web.guardian_device import mark_device
from bot.web.limits import address_of
from bot.web.metrics import SESSIONS, TURNS
from bot.web.problems import EVERY_CALL, problems
from bot.web.sessions import SessionOpened
from bot.web.stream import Streams
from bot.web.turns import Said, present

LONGEST_MESSAGE = 4_000
# What all ids and numbers given out here are made of. Others are not looked for: PostgreSQL fails on some signs.
_ID = re.compile(r"[A-Za-z0-9-]+")
# As far as the databases count; PostgreSQL does not even compare with more.
_HIGHEST_ID = 2**31 - 1

router = APIRouter(prefix="/api/v1", responses=EVERY_CALL)
Authorization = Annotated[str | None, Header()]


class ChoiceOffered(BaseModel):
    """A button; send its id back as `choice`."""

    id: str
    label: str


class MessageOut(BaseModel):
    """One message of a conversation."""

    id: str
    author: str
    name: str | None
    text: str
    citations: list[Citation]
    choices: list[ChoiceOffered]
    card: dict[str, Any] | None
    response: str | None
    created_at: datetime


class Answer(BaseModel):
    """The messages of a turn, or of a history, and who owns the conversation."""

    messages: list[MessageOut]
    owner: str


class FormIn(BaseModel):
    """A filled form card: its id, and a text or a yes or no for each field."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=64)
    values: dict[str, Any]

    def filled(self) -> Filled:
        """What the desk is to check.

        Raises:
            FormGone: No form has such an id.
            Invalid: Too many fields, or values that no field of a form can have.
        """
        if not _ID.fullmatch(self.id):
            raise FormGone
        if len(self.values) > MOST_FIELDS:
            raise Invalid(f"A form has at most {MOST_FIELDS} fields. Please send only those of the form.")
        if not all(isinstance(value, str | bool) for value in self.values.values()):
            raise Invalid("The fields of a form are text, true or false. Please send them so.")
        return Filled(self.id, self.values)


class MessageIn(BaseModel):
    """One thing a person sends: words, a choice offered to them, or a filled form card; of 4,000 characters at most."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    choice: str | None = Field(None, min_length=1, max_length=64)
    form: FormIn | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_enough(cls, sent: Any) -> Any:
        waiting = [sent]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str) and len(part) > LONGEST_MESSAGE:
                raise TooLong
            if isinstance(part, dict):
                waiting += [*part, *part.values()]
            elif isinstance(part, list):
                waiting += part
        return sent

    @model_validator(mode="after")
    def _exactly_one(self) -> "MessageIn":
        if sum(value is not None for value in (self.text, self.choice, self.form)) != 1:
            raise ValueError("send exactly one of text, choice and form")
        return self

    def said(self) -> Said:
        """What the desk is to read.

        Raises:
            ChoiceGone: No choice has such an id.
            FormGone: No form has such an id.
            Invalid: Nothing but white space, or a form whose values are of no use.
        """
        if self.form is not None:
            return Said(form=self.form.filled())
        if self.text is None:
            if not _ID.fullmatch(self.choice or ""):
                raise ChoiceGone
            return Said(choice=self.choice)
        words = self.text.replace("\x00", "").strip()
        if not words:
            raise Invalid("The message is empty. Please write something.")
        try:
            words.encode()
        except UnicodeEncodeError:
            raise Invalid("The message holds characters that cannot be read. Please write it anew.") from None
        return Said(text=words)


class RequestOut(BaseModel):
    """A privacy request as its subject sees it."""

    number: str
    kind: str
    state: str
    received_at: datetime
    due_at: datetime


class Requests(BaseModel):
    """The subject's own requests, newest first."""

    requests: list[RequestOut]


def speaker(request: Request, authorization: Authorization = None) -> tuple[str, str | None]:
    """Conversation and customer behind the session token."""
    found: tuple[str, str | None] = request.app.state.sessions.conversation(authorization)
    return found


def signed_in(who: Annotated[tuple[str, str | None], Depends(speaker)]) -> tuple[str, str]:
    """The same, for what only a customer may do."""
    if who[1] is None:
        raise NotSignedIn
    return who[0], who[1]


def request_number(number: str) -> str:
    """The number of a request, as it stands in the address.

    Raises:
        NotFound: No request has such a number.
    """
    if not _ID.fullmatch(number):
        raise NotFound
    return number


RequestNumber = Annotated[str, Depends(request_number)]
Speaker = Annotated[tuple[str, str | None], Depends(speaker)]
SignedIn = Annotated[tuple[str, str], Depends(signed_in)]


@router.post("/sessions", status_code=201)
def open_session(request: Request, response: Response, authorization: Authorization = None) -> SessionOpened:
    """Open a conversation: as the customer of a shop token, or anonymously without one."""
    request.app.state.limits.new_session(address_of(request))
    opened: SessionOpened = request.app.state.sessions.open(authorization)
    mark_device(request, response, opened.conversation_id)
    SESSIONS.labels("anonymous" if authorization is None else "customer").inc()
    return opened


@router.post("/messages", responses=problems(400, 409, 410))
async def send_message(
    request: Request,
    response: Response,
    who: Speaker,
    body: MessageIn,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=128)] = None,
) -> Answer:
    """Send one message and get the answers. A repeat with the same key does nothing twice."""
    request.app.state.limits.message(who[0])
    said = body.said()
    if said.text and claim_in(said.text):
        request.app.state.limits.claim(address_of(request))
    with TURNS.time():
        answered = await request.app.state.turns.take(who[0], idempotency_key or uuid4().hex, said)
    if body.form is not None:
        await run_in_threadpool(mark_device, request, response, who[0])
    return Answer.model_validate({"messages": [present(m) for m in answered.messages], "owner": answered.owner})


@router.get("/messages")
def history(request: Request, who: Speaker, after: Annotated[int, Query(ge=0, le=_HIGHEST_ID)] = 0) -> Answer:
    """What was said in this conversation after the message of that id."""
    with request.app.state.desk.reading() as session:
        chat = conversations.conversation(session, who[0])
        said, owner = conversations.messages_after(session, who[0], after), chat.owner
    policy_banner.was_read(request.app.state.desk, who[0], said)
    return Answer.model_validate({"messages": [present(message) for message in said], "owner": owner})


class TypingIn(BaseModel):
    """Whether the person is writing just now."""

    on: bool


class ReadIn(BaseModel):
    """The newest message the person has seen."""

    message: int = Field(ge=0, le=2**53)


@router.post("/typing", status_code=204, responses=problems(400))
def typing(request: Request, who: Speaker, body: TypingIn) -> None:
    """Show the person who answers that the other one is writing; told to nobody else, kept for seconds."""
    request.app.state.limits.message(who[0])
    with request.app.state.desk.transaction() as session:
        user_types(session, who[0], body.on)


@router.post("/read", status_code=204, responses=problems(400))
def read(request: Request, who: Speaker, body: ReadIn) -> None:
    """Everything up to this message was seen: it need not be sent by mail."""
    request.app.state.limits.message(who[0])
    with request.app.state.desk.transaction() as session:
        user_read(session, who[0], body.message)


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    request: Request,
    who: Speaker,
    authorization: Authorization = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=_HIGHEST_ID)] = None,
) -> StreamingResponse:
    """Server-sent events of this conversation; goes on after `Last-Event-ID`, else from now."""
    streams: Streams = request.app.state.streams
    return streams.open(who[0], address_of(request), authorization, last_event_id)


def _out(view: RequestView) -> RequestOut:
    return RequestOut(
        number=view.number, kind=view.kind, state=view.state, received_at=view.received_at, due_at=view.due_at
    )


@router.get("/requests")
def list_requests(request: Request, who: SignedIn) -> Requests:
    """The customer's own requests."""
    with request.app.state.desk.reading() as session:
        return Requests(requests=[_out(found) for found in own_requests(session, who[1])])


@router.get("/requests/{number}", responses=problems(404))
def show_request(request: Request, who: SignedIn, number: RequestNumber) -> RequestOut:
    """One of the customer's own requests."""
    with request.app.state.desk.reading() as session:
        return _out(own_request(session, who[1], number))


@router.delete("/requests/{number}", responses=problems(404, 409))
def take_request_back(request: Request, who: SignedIn, number: RequestNumber) -> RequestOut:
    """Take a request back while that is still possible."""
    desk = request.app.state.desk
    with desk.transaction() as session:
        chat = conversations.conversation(session, who[0])
        return _out(revoke_request(session, desk, desk.clock.now(), chat, number))
