"""Carries out a conversation, step by step."""

from collections.abc import Callable
from typing import Any

from bot.errors import DeskError
from tests.conversations.runner import comparing, packages
from tests.conversations.runner.comparing import Differs
from tests.conversations.runner.invariants import broken_in_mail, broken_invariants
from tests.conversations.runner.placeholders import filled
from tests.conversations.runner.reading import Conversation, Step
from tests.conversations.runner.steps import (
    GONE,
    KINDS,
    SENDING,
    Agent,
    Announced,
    Download,
    FilledForm,
    Heard,
    Long,
    Mail,
    OldChoice,
    OtherWords,
    Page,
    Publish,
    Request,
    Staff,
    Store,
)
from tests.conversations.runner.transcript import Transcript
from tests.conversations.runner.web_pages import Browsers
from tests.conversations.runner.world import Sent, Speaker, World

_MAIL_SECONDS = 15.0
_MAIL_SECONDS_AFTER_A_FALL = 150.0  # what a worker had in hand when it was killed is tried again after two minutes
_NO_MAIL_SECONDS = 2.5
_LOOK_SECONDS = 0.05
_NOT_LOOKED_AT = ("as", "session", "clock", "publish", "down", "up", "restart")


class ConversationDiffers(Exception):
    """A step did not hold; the text is for the designer of the conversation."""


class Run:
    """One conversation while it runs."""

    def __init__(self, conversation: Conversation, world: World) -> None:
        self._conversation = conversation
        self._world = world
        self._transcript = Transcript()
        self._speakers: dict[str, Speaker] = {}
        self._captured: dict[str, Any] = {}
        self._speaking = next(iter(conversation.people))
        self._browsers = Browsers()
        self._mail_seconds = _MAIL_SECONDS

    @property
    def speakers(self) -> list[Speaker]:
        """Everybody who has a session by now, the first to speak first."""
        return list(self._speakers.values())

    def run(self) -> None:
        """Run every step.

        Raises:
            ConversationDiffers: The first step that did not hold, with everything before it.
        """
        steps = self._conversation.steps
        try:
            for number, step in enumerate(steps):
                following = steps[number + 1] if number + 1 < len(steps) else None
                try:
                    self._step(step, following)
                except Differs as difference:
                    raise ConversationDiffers(self._told(step, difference, len(steps) - number - 1)) from None
        finally:
            self._browsers.close()
            self._world.everything_up()

    def _told(self, step: Step, difference: Differs, left: int) -> str:
        path, line = self._conversation.path, step.line
        told = [self._conversation.name, f"({path.name}, line {self._conversation.line})", "", *self._transcript.lines]
        told += ["", f"▶ line {line}: {step.kind}: {_shortened(step.value)}"]
        told += [f"    ✗ {each}" for each in difference.differences]
        told += ["", f"  {left} more steps were not reached."] if left else []
        return "\n".join(told)

    def _step(self, step: Step, following: Step | None) -> None:
        value = KINDS[step.kind].validate_python(filled(step.value, self._values(step)))
        if step.kind in SENDING:
            sent = getattr(self, f"_{step.kind}")(value)
            self._look_at(sent, following)
            return
        getattr(self, f"_{step.kind}")(value)
        if step.kind not in _NOT_LOOKED_AT:
            self._transcript.checked(step.line, step.kind)

    def _values(self, step: Step) -> dict[str, Any]:
        """What `${…}` stands for in a step: captures, and who the people are."""
        values = dict(self._captured)
        if "${" not in str(step.value):
            return values
        for name in self._conversation.people:
            speaker = self._speaker(name)
            row = speaker.customer or {}
            known = {"conversation": speaker.conversation, "customer": row.get("id", "")}
            known |= {"email": row.get("email", ""), "name": row.get("name", "")}
            values |= {f"{name}.{key}": value for key, value in known.items()}
            values |= known if name == self._speaking else {}
        if "${today" in str(step.value):
            values["today"] = self._world.today()
        return values

    # --- who ----------------------------------------------------------------------------------------------------------

    def _speaker(self, name: str) -> Speaker:
        if name not in self._speakers:
            person = self._conversation.people[name]
            speaker = self._speakers[name] = self._world.open(name, person.customer, person.with_rows)
            who = "is an anonymous visitor" if speaker.customer is None else f"signs in as {speaker.customer['name']}"
            self._transcript.note(f"{name} {who}")
        return self._speakers[name]

    @property
    def _me(self) -> Speaker:
        return self._speaker(self._speaking)

    def _as(self, name: str) -> None:
        self._speaking = name

    # --- sending ------------------------------------------------------------------------------------------------------

    def _user(self, text: str | Long) -> Sent:
        words = text if isinstance(text, str) else text.repeated * text.times
        self._transcript.sent(self._me.name, words)
        return self._send({"text": words})

    def _choice(self, wanted: str | OldChoice) -> Sent:
        if isinstance(wanted, str):
            label, offered = wanted, self._me.last_answered.messages
        elif wanted.shown == "announced":
            label, offered = wanted.label, self._me.heard
        else:
            label = wanted.label
            owner = self._speaker(wanted.shown_to) if wanted.shown_to else self._me
            answers = owner.sent if wanted.shown_to else owner.sent[:-1]
            offered = [message for sent in answers for message in sent.messages]
        choices = [choice for message in offered for choice in message["choices"]]
        fitting = [choice["id"] for choice in choices if choice["label"] == label]
        if not fitting:
            raise Differs(
                f"{label!r} is not offered; the choices are {', '.join(c['label'] for c in choices) or 'none'}"
            )
        self._transcript.sent(self._me.name, f"[{label}]")
        return self._send({"choice": fitting[-1]})

    def _form(self, form: FilledForm) -> Sent:
        owner = self._speaker(form.shown_to) if form.shown_to else self._me
        shown = [card for sent in owner.sent for card in packages.cards(sent.messages, "form")]
        self._transcript.sent(self._me.name, f"(form) {form.fields}")
        return self._send({"form": packages.filled_form(form, shown[:-1] if form.shown else shown)})

    def _repeat(self, how: str | OtherWords) -> Sent:
        before = self._me.last
        body = {"text": how.user} if isinstance(how, OtherWords) else before.body
        self._transcript.sent(self._me.name, f"(the same key again) {body}")
        sent = self._send(body, before.key)
        if how == "same" and (sent.status, sent.answer) != (before.status, before.answer):
            self._transcript.answered(sent.messages)
            raise Differs("the repeat was answered differently from the first time")
        return sent

    def _send(self, body: dict[str, Any], key: str | None = None) -> Sent:
        sent = self._world.send(self._me, body, key)
        self._me.sent.append(sent)
        return sent

    def _look_at(self, sent: Sent, following: Step | None) -> None:
        refusal_expected = following is not None and following.kind == "problem"
        if not sent.went_well:
            self._transcript.refused(sent.status, sent.answer)
            if not refusal_expected:
                raise Differs(f"this was refused with {sent.status} {sent.answer.get('code')}")
            return
        self._transcript.answered(sent.messages)
        broken = broken_invariants(sent.messages, self._me.strangers, self._me.own, self._world.policies)
        if not sent.messages and sent.answer["owner"] == "bot":
            broken.append("the bot says nothing")
        if broken:
            raise Differs(*broken)

    # --- expectations -------------------------------------------------------------------------------------------------

    def _bot(self, expected: Any) -> None:
        comparing.compare_messages(expected, self._me.last.messages, self._captured)

    def _problem(self, expected: Any) -> None:
        if self._me.last.went_well:
            raise Differs(f"expected to be refused with {expected.status} {expected.code}, but it was answered")
        comparing.compare_problem(expected, self._me.last.status, self._me.last.answer)

    def _owner(self, expected: str) -> None:
        owner = self._world.history(self._me)["owner"]
        if owner != expected:
            raise Differs(f"the conversation belongs to {owner}, not to {expected}")

    def _history(self, expected: Any) -> None:
        comparing.compare_history(expected, self._world.history(self._me)["messages"])

    def _audit(self, expected: list[str]) -> None:
        rows = [row for row in self._world.rows("desk", "audit") if row["conversation_id"] == self._me.conversation]
        events = [row["event"] for row in sorted(rows, key=lambda row: row["id"])]
        if events != expected:
            raise Differs(f"the audit record of this conversation is {', '.join(events) or 'empty'}")

    def _store(self, expected: Store) -> None:
        def look() -> None:
            comparing.compare_rows(expected, self._world.rows(expected.database, expected.table), self._captured)

        self._within(expected.within or 0.0, look)

    def _request(self, expected: Request) -> None:
        def look() -> None:
            status, body = self._world.request(self._me, expected.number)
            state = body.get("state", f"{status} {body.get('code')}") if status not in (401, 404) else GONE
            if state != expected.state:
                raise Differs(f"the request is {state}, not {expected.state}")

        self._within(expected.within, look)

    def _announced(self, expected: Announced) -> None:
        me = self._me
        answered = {message["id"] for sent in me.sent for message in sent.messages}
        found: list[dict[str, Any]] = []

        def look() -> None:
            history = self._world.history(me)["messages"]
            said = [m for m in history if m["author"] in ("bot", "system") and m["id"] not in answered]
            found[:] = [m for m in said if m["response"] == expected.response and m["id"] not in me.announced][:1]
            if not found:
                came = ", ".join(str(message["response"]) for message in said) or "nothing"
                raise Differs(f"{expected.response} was not said; said without being asked was {came}")

        self._within(expected.within, look)
        me.announced.add(found[0]["id"])
        me.heard += found
        self._transcript.answered(found)
        if broken := broken_invariants(found, me.strangers, me.own, self._world.policies):
            raise Differs(*broken)
        comparing.compare_messages([expected], found, self._captured)

    def _agent(self, what: Agent) -> None:
        self._transcript.note(f"{what.name}, of the staff: {what.model_dump(exclude_defaults=True, exclude={'name'})}")
        try:
            seen = self._world.staff.act(what, self._me.conversation)
        except DeskError as error:
            if what.refused is None or what.refused not in error.detail:
                raise Differs(f"{what.name} was refused: {error.detail}") from None
            return
        if what.refused is not None:
            raise Differs(f"{what.name} was not refused")
        missing = comparing.pieces_missing(seen, what.sees, f"what {what.name} sees")
        missing += comparing.pieces_found(seen, what.does_not_see, f"what {what.name} sees")
        if missing:
            raise Differs(*missing)

    def _heard(self, expected: Heard) -> None:
        me = self._me

        def look() -> None:
            said = [m for m in self._world.history(me)["messages"] if m["author"] == "agent"]
            new = [m for m in said if m["id"] not in me.announced]
            if not new or new[0]["name"] != expected.name:
                raise Differs(f"{expected.name} has said nothing new")
            differences = comparing.pieces_missing(new[0]["text"], expected.says, expected.name)
            differences += comparing.pieces_found(new[0]["text"], expected.does_not_say, expected.name)
            if differences:
                raise Differs(*differences)
            me.announced.add(new[0]["id"])

        self._within(1.0, look)

    def _download(self, expected: Download) -> None:
        owner = self._speaker(expected.shown_to) if expected.shown_to else self._me
        shown = packages.cards(self._world.history(owner)["messages"], "download")
        if not shown:
            raise Differs(f"{owner.name} was not shown any download")
        status, content = self._world.fetch(self._me, shown[-1]["url"])
        packages.compare_package(expected, status, content)

    def _page(self, expected: Page) -> None:
        client = (
            self._world.browser_of(self._speaker(expected.by)) if expected.by in self._conversation.people else None
        )
        self._transcript.note(f"{expected.by} {self._browsers.act(expected, client, self._captured)}")

    def _within(self, seconds: float, look: Callable[[], None]) -> None:
        """Look again and again until it holds; the last difference counts."""
        waited = 0.0
        while True:
            try:
                return look()
            except Differs:
                if waited >= seconds:
                    raise
            self._world.wait(_LOOK_SECONDS)
            waited += _LOOK_SECONDS

    def _mail(self, expected: Mail) -> None:
        person = self._speaker(expected.to) if expected.to in self._conversation.people else self._me
        address = (
            person.customer["email"] if expected.to in self._conversation.people and person.customer else expected.to
        )
        waited, nearest = 0.0, ["no mail came"]
        while waited <= (_NO_MAIL_SECONDS if expected.none else self._mail_seconds):
            all_are_sent = expected.none and self._world.is_quiet()  # asked before the inbox is looked into
            for mail in sorted(self._world.inbox(address), key=lambda mail: int(mail["id"])):  # read as they came
                if mail["id"] in person.mails_before:
                    continue
                nearest = comparing.fits(mail, expected)
                if not nearest:
                    self._take(mail, expected, person)
                    return
            if all_are_sent:
                return
            self._world.wait(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        if not expected.none:
            raise Differs(f"no such mail came to {address}", *nearest)

    def _take(self, mail: dict[str, Any], expected: Mail, person: Speaker) -> None:
        if expected.none:
            raise Differs(f"a mail came: {mail['subject']!r}")
        person.mails_before.add(mail["id"])
        name = {person.customer["name"]} if person.customer else set()
        if broken := broken_in_mail(mail, person.own | name):
            raise Differs(*broken)
        missing = comparing.capture(f"{mail['subject']}\n{mail['text']}", expected.capture, "the mail", self._captured)
        if missing:
            raise Differs(*missing)

    def _staff(self, act: Staff) -> None:
        self._transcript.note(f"{act.by} at the shop: {act.does} {act.number}")
        try:
            said = self._world.cases(act.words)
        except Differs as refusal:
            if act.refused is None:
                raise
            missing = comparing.pieces_missing(str(refusal), act.refused, "the refusal")
        else:
            missing = comparing.pieces_missing(said, act.says, "what the staff sees")
            if act.refused is not None:
                missing.append("the staff was not refused")
        if missing:
            raise Differs(*missing)

    # --- the world around ---------------------------------------------------------------------------------------------

    def _session(self, what: str) -> None:
        me = self._me
        self._transcript.note(f"{me.name}'s session ends" if what == "ends" else f"{me.name} opens the chat anew")
        if what == "ends":
            self._world.end_session(me)
        else:
            self._world.open_anew(me)

    def _clock(self, duration: str) -> None:
        self._transcript.note(f"the clock moves by {duration}")
        self._world.advance_clock(duration)

    def _publish(self, wanted: Publish) -> None:
        self._transcript.note(f"a new version of the policy is published, to take effect in {wanted.in_days} days")
        self._world.publish(wanted.in_days)

    def _down(self, name: str) -> None:
        self._transcript.note(f"{name} goes down")
        self._world.down(name)
        self._has_fallen(name)

    def _up(self, name: str) -> None:
        self._transcript.note(f"{name} comes back")
        self._world.up(name)

    def _restart(self, name: str) -> None:
        self._transcript.note(f"{name} is killed and starts again")
        self._world.restart(name)
        self._has_fallen(name)

    def _has_fallen(self, name: str) -> None:
        if name == "worker":
            self._mail_seconds = _MAIL_SECONDS_AFTER_A_FALL


def _shortened(value: Any) -> str:
    text = str(value)
    return text if len(text) < 300 else f"{text[:299]}…"
