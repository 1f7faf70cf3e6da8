"""What a message is while the desk waits for words: the answer, a no, or something else that is dealt with first."""

import re

from rasa_sdk import Tracker

from actions.base import was_typed
from actions.journeys import KIND_OF_INTENT as RIGHTS
from bot.privacy.complaint_words import is_of_paper, request_in, speaks_of_a_request

NOTHING = "nothing"
LEAVE = {"deny", "cancel", "thank", "goodbye"}

# Short and read with this much confidence, these are not the story itself.
_SURE = 0.6
_LONGEST_DIGRESSION = 160
_DIGRESS = {"ask_for_human", "help"}
# A story may speak of the policy; only what is put as a question is taken for one.
_ASKS = re.compile(
    r"\?\s*$|^\W*(?:and |but |so |well )?(?:what|how|do|does|did|is|are|can|could|who|why|where|when|which|will|may)\b",
    re.IGNORECASE,
)
# A story may hold any wish, so a wish must be very short and very clear to be taken for something else.
_WISHES = {"request_access", "ask_request_status", *RIGHTS}
_VERY_SURE = 0.9
_LONGEST_WISH = 60


def answer_to(tracker: Tracker) -> str | None:
    """Id of the message that holds the answer, `NOTHING` for a no, None for something else.

    Slots receive ids of messages, never their words.
    """
    latest = tracker.latest_message
    intent, confidence = latest["intent"].get("name"), latest["intent"].get("confidence") or 0.0
    words = latest.get("text") or ""
    length = len(words)
    clear = length <= _LONGEST_DIGRESSION and confidence >= _SURE
    if intent in LEAVE and clear:
        return NOTHING
    asks = intent == "ask_policy" and _ASKS.search(words)
    if ((intent in _DIGRESS or asks) and clear) or not was_typed(latest):
        return None
    # "Take it back" may be what the shop shall do; only a request that is named is taken back.
    takes_back = intent == "revoke_request" and (request_in(words) or speaks_of_a_request(words))
    if (intent in _WISHES or takes_back) and length <= _LONGEST_WISH and confidence >= _VERY_SURE:
        return None
    return message_of(tracker)


def message_of(tracker: Tracker) -> str:
    """Id of the newest message."""
    return str((tracker.latest_message.get("metadata") or {}).get("message"))


def is_short_and_clear(tracker: Tracker, intents: set[str]) -> bool:
    """Whether a message is one of these, and little else."""
    latest = tracker.latest_message
    sure = (latest["intent"].get("confidence") or 0.0) >= _SURE
    return latest["intent"].get("name") in intents and sure and len(latest.get("text") or "") <= _LONGEST_WISH


def tells_of_break_in(tracker: Tracker) -> bool:
    """Whether an answer surely reports a security problem; a letter that was opened is read so too, and is none."""
    latest, words = tracker.latest_message, tracker.latest_message.get("text") or ""
    sure = (latest["intent"].get("confidence") or 0.0) >= _SURE
    return latest["intent"].get("name") == "report_security_issue" and sure and not is_of_paper(words)
