"""Turns what was said in a stored conversation into the steps of a conversation test, with nobody in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.privacy.safe_words import SOME_PHONE, SafeWords
from bot.privacy.typed_code import code_in
from bot.store.conversations import FORM_VALUES
from bot.store.desk_tables import Message
from bot.store.numbers import numbers_in
from bot.vocabulary import Author

type Step = dict[str, Any]

_KINDS = {"PR": "request", "CS": "case"}
_SILENCE = timedelta(hours=1)
_ANNOUNCED_WITHIN = 120
_CODE_SENT, _CODE_WRONG = "utter_code_sent", ("utter_code_wrong", "utter_code_gone")
_CORRECTED = "utter_rectification_done"
_INVENTED = {
    "person_name": "Robin Ashdown",
    "email": "new.${customer}@example.com",
    "phone": SOME_PHONE,
    "birth_date": "1985-04-12",
    "postcode": "EC1A 1BB",
    "country": "GB",
    "address_line": "12 Sample Street",
}
"""What is filled into a form instead, by the field's check."""


@dataclass
class Steps:
    """The steps so far, and what later ones may refer to.

    Attributes:
        chosen: Ids of turns in which a button was pressed, and of those in which a form was sent.
        person: Whom mails go to, in the words of the test.
    """

    safe: SafeWords
    chosen: frozenset[int | None]
    person: str
    made: list[Step] = field(default_factory=list)
    _codes: int = 0
    _code_waits: bool = False
    _new_address: str = ""
    _forms: list[Mapping[str, Any]] = field(default_factory=list)

    def of(self, messages: Sequence[Message]) -> list[Step]:
        """Every step, in order; ends where somebody else than the bot answered."""
        before: Message | None = None
        for turn in _turns(messages):
            if any(message.author not in (Author.USER, Author.BOT) for message in turn):
                break
            if before is not None and turn[0].created_at - before.created_at >= _SILENCE:
                self.made.append({"clock": _duration(turn[0].created_at - before.created_at)})
            if turn[0].author == Author.USER:
                self._said(turn[0], turn[1:])
            else:
                self._announced(turn)
            before = turn[-1]
        return self.made

    def _said(self, message: Message, answers: Sequence[Message]) -> None:
        if (message.card or {}).get("kind") == FORM_VALUES:
            self.made.append({"form": self._filled(message.card or {})})
        elif message.turn_id in self.chosen:
            self.made.append({"choice": self.safe.of_label(message.words)})
        elif self._code_waits and code_in(message.words):
            self.made.append(self._code(answers))
        else:
            self.made.append({"user": self.safe.of(message.words)})
        if answers:
            self.made.append({"bot": [self._expected(answer) for answer in answers]})
        if any(answer.response == _CODE_SENT for answer in answers):
            self.made.append(self._code_mail())

    def _code_mail(self) -> Step:
        """Read as soon as it was sent, so that it is never taken for a later one."""
        self._codes += 1
        capture = {f"code{self._codes}": r"Your code: (\d{6})"}
        return {"mail": {"to": self.person, "subject": ["Your code"], "capture": capture}}

    def _code(self, answers: Iterable[Message]) -> Step:
        """The code is another one each time: the one of the last mail, or one that cannot be right."""
        wrong = any(answer.response in _CODE_WRONG for answer in answers)
        return {"user": "000000" if wrong else f"${{code{self._codes}}}"}

    def _expected(self, answer: Message) -> Step:
        self._code_waits = self._code_waits or answer.response == _CODE_SENT
        if (answer.card or {}).get("kind") == "form":
            self._forms.append(answer.card or {})
        if answer.response == _CORRECTED and self._new_address:
            self.person, self._new_address = self._new_address, ""
        expected: Step = {"response": answer.response} if answer.response else {}
        if answer.citations:
            expected["cites"] = [citation["clause"] for citation in answer.citations]
        number = next((each for each in numbers_in(answer.text) if each[:2] in _KINDS), None)
        if number and number not in self.safe.numbers:
            name = f"{_KINDS[number[:2]]}{len(self.safe.numbers) + 1}"
            self.safe.numbers[number] = f"${{{name}}}"
            expected["capture"] = {name: rf"{number[:2]}-\d{{4}}-\d{{6}}"}
        elif number:
            expected["says"] = [self.safe.numbers[number]]
        return expected

    def _announced(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if message.response:
                self.made.append({"announced": self._expected(message) | {"within": _ANNOUNCED_WITHIN}})

    def _filled(self, sent: Mapping[str, Any]) -> Step:
        """The fields that were changed, each with an invented value of its kind."""
        shown: Mapping[str, Any] = next(
            (card for card in reversed(self._forms) if card.get("form") == sent.get("form")), {}
        )
        fields = {each["name"]: each for each in shown.get("fields", [])}
        filled: Step = {}
        for name, value in sent.get("values", {}).items():
            described = fields.get(name, {})
            if value != str(described.get("value") or ""):
                filled[_without_key(name)] = self._invented(described, value)
        return filled

    def _invented(self, described: Mapping[str, Any], value: str) -> str:
        if described.get("type") == "checkbox":
            return "on" if value == "true" else "off"
        if described.get("check") == "email":
            self._new_address = _INVENTED["email"]
        return _INVENTED.get(described.get("check", "")) or self.safe.of(value)


def _turns(messages: Sequence[Message]) -> list[list[Message]]:
    """Messages by turn: what somebody said with the answers to it, or what was said without being asked."""
    turns: list[list[Message]] = []
    for message in messages:
        if turns and message.author != Author.USER and message.turn_id is not None:
            begun = next((turn for turn in reversed(turns) if turn[0].turn_id == message.turn_id), None)
            if begun is not None:
                begun.append(message)
                continue
        turns.append([message])
    return turns


def _without_key(name: str) -> str:
    """`customers.email.1001` without the key of the row, which is a number of the person."""
    return ".".join(name.split(".")[:2])


def _duration(silence: timedelta) -> str:
    days, hours = silence.days, silence.seconds // 3600
    return f"P{f'{days}D' if days else ''}{f'T{hours}H' if hours else ''}"
