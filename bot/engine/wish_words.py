"""How wishes and questions are worded in English, as patterns; what they are about is read by the model."""

import re
from typing import Pattern, Text


def _any(*patterns: Text) -> Text:
    return "(?:" + "|".join(patterns) + ")"


def _words(*patterns: Text) -> Pattern[Text]:
    return re.compile(rf"\b{_any(*patterns)}\b", re.IGNORECASE)


def _begins(*patterns: Text) -> Pattern[Text]:
    return re.compile(rf"\s*{_OPENING}{_any(*patterns)}", re.IGNORECASE)


SENTENCE_END = re.compile(r"(?<=[.!?;])[\"')]*\s+|\s+(?:-|–|—)\s+")
ABBREVIATION = re.compile(r"\b(?:art|no|nr|e\.g|i\.e|mr|mrs|ms|dr|etc|approx|sec|para)\.$", re.IGNORECASE)
WORD = re.compile(r"[\w']+")

_THEN = _any(
    "(?:and|&) then", "then also", "then", "and also", "also", "and after (?:that|this)", "after (?:that|this)",
    "and afterwards?", "afterwards?", "and finally", "finally", "and next", "and lastly", "lastly", "secondly",
    "plus", "and second(?:ly)?", "as well as", "on top of that", "(?:and )?in addition", "additionally",
    "and (?:at|in) the end", "oh and", "(?:and )?while you'?re at it",
)  # fmt: skip
STRONG_JOINT = re.compile(rf"(?:\s*,)?\s+{_THEN}\b,?\s+(?=\S)", re.IGNORECASE)
WEAK_JOINT = re.compile(r"\s*,\s*(?:and\s+|but\s+)?|\s+(?:and|&)\s+", re.IGNORECASE)

_GREETING = _any("hi", "hello", "hey", "hiya", "good (?:morning|evening|day|afternoon)") + "(?: there| again)?"
_OPENERS = _any(
    _GREETING, "and", "also", "then", "so", "plus", "oh", "well", r"dear \w+", "please", "pls", "plz", "plse", "kindly",
    "now", "first(?:ly| of all)?", "second(?:ly)?", "next", "finally", "lastly", "after (?:that|this)", "afterwards?",
    "just", "ok(?:ay)?", "yes", "as well", "in addition", "btw", "by the way", "actually", "thanks", "thank you",
)  # fmt: skip
_OPENING = rf"(?:{_OPENERS}\b[,:!]?\s+)*"
_VERBS = _any(
    "delete", "erase", "remove", "wipe", "clear", "destroy", "scrub", "purge", "nuke", "kill", "forget",
    "anonymi[sz]e",
    "close", "cancel", "shut", "terminate", "deactivate", "disable", "quit", "drop", "undo", "get", "gimme",
    "give", "send",
    "show", "tell", "let", "export", "download", "copy", "print", "provide", "hand", "e-?mail", "mail", "forward",
    "resend",
    "correct", "change", "fix", "update", "edit", "amend", "rectify", "make", "stop", "end", "block", "turn",
    "switch",
    "unsubscribe", "opt", "withdraw", "revoke", "retract", "take", "object", "file", "lodge", "register", "report",
    "complain", "put", "connect", "transfer", "pass", "talk", "speak", "refund", "sign",
)  # fmt: skip
_WANTED = _any(
    "want", "wanna", "like", "love", "wish", "need", "request", "requesting", "demand", "ask", "asking", "insist",
    "require", "expect", "object", "oppose", "refuse", "withdraw", "revoke", "complain", "cancel", "report", "take",
)  # fmt: skip
_STRESSED = r"(?:(?:really|also|just|now|hereby|kindly|further|additionally|therefore|too|do) )*"
_WANTING = rf"(?:i|we)(?:'d|'m| am| would)? {_STRESSED}{_WANTED}"
WISH = _begins(
    rf"{_VERBS}\b",
    rf"{_WANTING}\b",
    r"(?:can|could|will|would|may) (?:you|u|i|we)\b",
    r"let me\b",
    r"you (?:must|should)\b",
)
QUESTION = _begins(
    r"what(?:'?s)?\b", r"(?:how|who|why|where|when|which)\b", r"(?:do|does|did|is|are|has|have|can|could|may|will)\b"
)
OF_YOU = _begins(r"(?:can|could|will|would|may) (?:you|u)\b")
BARE_VERB = re.compile(rf"\s*{_VERBS}\b", re.IGNORECASE)
OPENING = re.compile(rf"\s*{_OPENING}", re.IGNORECASE)

_TAKEN = _any("export", "download", "back ?up", "copy", "e-?mail me", "send me")
_UNDONE = _any("delete", "erase", "remove", "wipe", "anonymi[sz]e", "close", "cancel")
_DOING = r"(?:^|(?<=[.,;!?])\s*|\b(?:please|pls|you|to|also|then|first|just)\s+)"
SHARED_OBJECT = re.compile(
    rf"({_DOING}{_TAKEN})(?:\s*,)?\s+(?:(?:and|&)(?: then)?|then)\s+({_UNDONE})"
    r"\s+((?:all\s|my\s|everything\b)[^.,;!?]*)",
    re.IGNORECASE,
)
"""Two wishes with one object: "export and delete my data"."""

NO_BEFORE = re.compile(
    r"\s*(?:no|nope|nah|oh no|not that)\b"
    r"(?:\s*[,.;:!–-]+\s*|\s+(?=(?:wait|rather|better|actually|instead|sorry|please)\b))"
    r"(?:(?:wait|rather|better|actually|instead|sorry|please|i meant?|i mean)\b[,.:!]?\s*)*(?=\S)",
    re.IGNORECASE,
)
"""A no to a question, with something else behind it: "no, rather …"."""
PAUSE = re.compile(r"[,.;:!?]+\s+|\s+[-–—]+\s+")

UNREAL = _words(
    "if", "unless", "whether", "in case", "otherwise", "or", "either", "neither", "nor", "before", "until", "till",
    "(?<!at )once", "as soon as", r"after(?! (?:that|this)\b)", "should you", "lest", "maybe", "perhaps", "might",
    "thinking",
    "considering", "instead", "rather", "supposed", "unlike", "except", "but not",
)  # fmt: skip
REPORTED = _words(
    "said", "says", "saying", "told", "asked", "promised?", "claim(?:s|ed)?", "state[sd]?", "stating", "according to",
    "wrote", "writes", "mentioned", "provides? that", "shall", "entitle[sd]?", "tried", "wanted", "requested",
    "somebody",
    "someone", "never", "already", "last (?:week|month|year)", "(?:he|she|they) (?:wants?|asks?)",
)  # fmt: skip
DENIED = _words("no", "not", "never", "nothing", "none", "without", "cannot", "cant", "dont", "wont", r"\w+n't")
NO_DENIAL = _words("no longer", "without (?:any |undue |further )*delay", "any ?more", "why not")

POINTING = _words(
    "it", "this", "them", "those", "these", r"that(?=\W*$| (?:takes?|costs?|means?|works?|happens?|be|is|possible)\b)"
)
"""A question about "it" is about what was said before, and none of its own."""
PURPOSE = _words(
    r"advert\w*", "ads?", "marketing", "newsletters?", r"profil\w*", r"recommend\w*", r"promo\w*", "offers?",
    r"track\w*",
    r"analy\w*", "research", "calls?", "sms", "e-?mails?", "mails?", r"personali[sz]\w*", "consents?", "segments?",
    "statistics", r"third part\w+",
)  # fmt: skip
FILED = _words(
    "requests?", "case", "deletion", "erasure", "cancellation", "correction", "export", r"[A-Z]{2}-\d{4}-\d{6}"
)
COMPLAINS = _words("complain(?:t|ts|ing)?")
