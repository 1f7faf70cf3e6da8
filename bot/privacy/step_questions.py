"""Questions about the step that somebody stands at: can it be undone, what does a no do, what is the code for.

They are asked of the desk and not of the policy, so they are met by their words while such a step is open: read as an
intent, "can I undo it later?" is a no, and "is it final?" a question that the policy does not answer.
"""

import re
from enum import StrEnum

_LONGEST = 70
_STEPS = (
    "utter_ask_erasure",
    "utter_ask_anonymisation",
    "utter_ask_cancel_account",
    "utter_confirm_export",
    "utter_rectification_confirm",
    "utter_code_",
    "utter_erasure_agreed",
    "utter_erasure_recorded_agreed",
)
"""How the names of the responses begin that such a question can be about."""


class StepTopic(StrEnum):
    """What is asked."""

    UNDO = "undo"
    NO = "no"
    CODE = "code"
    WHY = "why"
    TIME = "time"
    NEXT = "next"


# What is asked of the desk ("can you undo it?") is a wish, and no question about the step.
_QUESTION = r"^(?:\W*(?:and|but|so|ok|okay|hmm+|wait|well|hold on|one moment|sorry|please)\b)*\W*"
_ASKS = _QUESTION + (
    r"(?:can (?:i|it|this|that)|could i|may i|is (?:it|this|that|there)|will (?:it|i)|would it|am i|are there|how)\b.*"
)
_TOPICS = {
    StepTopic.UNDO: _ASKS
    + r"\b(?:undo|undone|revers\w+|take (?:it|that|this|them) back|taken back|change my mind|way back|go back|final|"
    r"irreversible|permanent|definitive|for ?ever|restored?|recovered?|cancel (?:it|that|this) (?:later|afterwards))\b",
    StepTopic.CODE: _QUESTION
    + r"(?:(?:what|why|where|when|how long|how|for what)\b.*\bcode\b|how long (?:is it valid|does it (?:serve|last)))",
    StepTopic.NO: _QUESTION
    + r"(?:what (?:happens|if|will happen|would happen)\b.*\b(?:no|refuse|decline|don'?t|do not|nothing|not)\b"
    r"|if i (?:say no|refuse|decline|don'?t|do not|do nothing)\W*$)",
    StepTopic.WHY: _QUESTION
    + r"(?:why|what for)\b\W*(?:(?:do|must|should|are|would) (?:you|i) )?(?:(?:have|need) to )?"
    r"(?:ask(?:ing)?(?: me)?(?: (?:that|this))?|need (?:to know )?(?:that|this)|want (?:that|this)|check(?: that)?"
    r"|confirm(?: (?:that|it|this))?|is that(?: needed| necessary)?)?\W*$",
    StepTopic.TIME: _QUESTION
    + r"(?:how long (?:does|will|would) (?:it|that|this) take|how long do i have|until when can i|by when"
    r"|when (?:is|will) (?:it|that|this) (?:be )?(?:done|ready|over|finished|gone))\b",
    StepTopic.NEXT: _QUESTION
    + r"(?:what (?:happens|comes|follows|is going to happen|do i do|will happen|would happen) ?"
    r"(?:now|next|then|after \w+|if i (?:say yes|agree|confirm|do))|what(?:'s| is) next|what now|and (?:now|then))\W*$",
}
_PATTERNS = {topic: re.compile(pattern, re.IGNORECASE) for topic, pattern in _TOPICS.items()}


def is_step(response: str | None) -> bool:
    """Whether a message of the bot is a step that can be asked about."""
    return str(response).startswith(_STEPS)


def topic_of(words: str) -> StepTopic | None:
    """What a short question asks about the step; None when it is about something else."""
    plain = words.replace("’", "'").strip()
    if len(plain) > _LONGEST:
        return None
    return next((topic for topic, pattern in _PATTERNS.items() if pattern.search(plain)), None)
