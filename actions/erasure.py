"""Delete my data, make it anonymous, cancel my account: what would go is shown first, and the yes says how much."""

from typing import Any

from actions.base import Turn
from actions.journey import CLAUSE_OF_KIND, Journey
from bot.clocks import in_words_with_time
from bot.errors import Invalid
from bot.privacy.deadlines import date_of
from bot.privacy.erasure_guard import aim_of
from bot.privacy.erasure_part import names_part
from bot.privacy.erasure_plan import plan_in_words
from bot.privacy.request_status import RequestView
from bot.store.desk_tables import PrivacyRequest
from bot.store.erasing import ANONYMISE, DELETE, EVERYTHING, RECORDED, identify, plan
from bot.store.erasing.snapshot import Snapshot
from bot.vocabulary import ERASING, RequestKind, RequestState

_CHOICES = {
    "everything": (EVERYTHING, DELETE),
    "everything_anonymous": (EVERYTHING, ANONYMISE),
    "recorded": (RECORDED, DELETE),
    "recorded_anonymous": (RECORDED, ANONYMISE),
}
"""What a button's yes stands for: how much, and whether what the shop recorded is deleted or made anonymous."""

_QUESTION = {
    RequestKind.ERASURE: "utter_ask_erasure",
    RequestKind.ANONYMISATION: "utter_ask_anonymisation",
    RequestKind.CANCEL_ACCOUNT: "utter_ask_cancel_account",
}


class ErasureJourney(Journey):
    """The talk of the three rights after which something is gone."""

    kinds = ERASING

    def question(self, turn: Turn, kind: RequestKind) -> None:
        """Show row by row counted what would go, what stays and why; then ask, with the choices there are."""
        shop, today = turn.desk.shop, date_of(turn.now, turn.desk.settings)
        snapshot = identify(shop, str(turn.chat.subject))
        recorded = _has_recorded(turn, snapshot)
        part = _named_part(turn, kind)
        scope, mode = (RECORDED, DELETE) if part and recorded else _default(kind, recorded)
        card = plan_in_words(plan(shop, snapshot, scope, mode, today))
        days = turn.desk.settings.cooling_off_days
        if days:
            turn.say("utter_erasure_plan", citations=[CLAUSE_OF_KIND[kind]], card=card, window=window_in_words(days))
        else:
            turn.say("utter_erasure_plan_at_once", citations=[CLAUSE_OF_KIND[kind]], card=card)
        turn.say(_QUESTION[kind] + ("_part" if part else "") + ("" if recorded else "_all"))

    def takes_plain_yes(self, turn: Turn, kind: RequestKind) -> bool:
        """Not where the person named a part: which choice they mean is for them to say."""
        return not _named_part(turn, kind)

    def wished(self, turn: Turn, kind: RequestKind) -> dict[str, Any]:
        """What a plain yes would mean, or the part that was named."""
        part = _names_part(turn, kind, turn.origin if turn.was_typed else None)
        scope, mode = (RECORDED, DELETE) if part else _plain_yes(turn, kind)
        return {"scope": scope, "mode": mode}

    def details(self, turn: Turn, kind: RequestKind) -> dict[str, Any]:
        """What the button says; a typed yes means what the list showed.

        Raises:
            Invalid: The button belongs to another question; nothing is guessed where data goes.
        """
        if turn.chosen is None:
            scope, mode = _plain_yes(turn, kind)
        elif turn.chosen in _CHOICES:
            scope, mode = _CHOICES[turn.chosen]
        else:
            raise Invalid
        return {"scope": scope, "mode": mode}

    def agreed(self, turn: Turn, request: RequestView) -> None:
        """Say that it counts from now, until when it can be taken back, and what then happens."""
        details = turn.session.get_one(PrivacyRequest, request.number).details
        response = "utter_erasure_agreed" if aim_of(details).is_all else "utter_erasure_recorded_agreed"
        if request.state is RequestState.ON_HOLD:
            response += "_hold"
        if not turn.desk.settings.cooling_off_days:
            response += "_at_once"
        buttons = [{"title": turn.text("utter_choice_take_back"), "payload": f"/revoke_request {request.number}"}]
        turn.say(
            response,
            citations=[CLAUSE_OF_KIND[request.kind]],
            buttons=buttons if request.revocable else None,
            number=request.number,
            until=in_words_with_time(request.until) if request.until else "",
        )


def window_in_words(days: int) -> str:
    """How long what was agreed to can be taken back."""
    return f"{days} days" if days > 1 else "one day"


def _named_part(turn: Turn, kind: RequestKind) -> bool:
    """Whether the words with which a deletion was asked for named less than everything."""
    return _names_part(turn, kind, turn.tracker.get_slot("request_message"))


def _names_part(turn: Turn, kind: RequestKind, asked: str | None) -> bool:
    return kind is RequestKind.ERASURE and bool(asked) and names_part(turn.words(str(asked)))


def _has_recorded(turn: Turn, snapshot: Snapshot | None = None) -> bool:
    """Whether the shop has recorded anything about the person by itself."""
    snapshot = snapshot or identify(turn.desk.shop, str(turn.chat.subject))
    return bool(plan(turn.desk.shop, snapshot, RECORDED, DELETE, date_of(turn.now, turn.desk.settings)).tables)


def _plain_yes(turn: Turn, kind: RequestKind) -> tuple[str, str]:
    """The same before anything was shown; the shop is asked only where it depends on that."""
    return _default(kind, recorded=kind is not RequestKind.ANONYMISATION or _has_recorded(turn))


def _default(kind: RequestKind, recorded: bool) -> tuple[str, str]:
    """What a plain yes means; the question says the same."""
    if kind is not RequestKind.ANONYMISATION:
        return EVERYTHING, DELETE
    return (RECORDED if recorded else EVERYTHING), ANONYMISE
