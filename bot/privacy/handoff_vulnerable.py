"""Recognises when somebody may be in danger, so that a person comes first and the bot keeps its forms to itself.

A careful list, not a reading: it must never be trained away, and it must work where the reading is unsure. Sayings
such as "this form is killing me" are taken out first. Where it is wrong, the person reads one kind sentence too many.
"""

import re

from bot.vocabulary import HandoffReason

_MYSELF = "my ?self"
_HURT = "(?:kill|hurt|harm|beat(?: up)?|rape|shoot|stab|murder)"
_ME = "(?:me|us|my (?:kids?|child(?:ren)?|son|daughter|family|mother|father))"
_SOMEBODY = "(?:he|she|they|somebody|someone|this man|a man|my (?:ex|husband|wife|partner|boyfriend|girlfriend|dad))"
_THEM = (
    "(?:you|u|him|her|them|(?:my|your|his|the|this|all) (?:[a-z]+ )?(?:staff|employees?|people|colleagues?|wife|ex))"
)
_I_WILL = "(?:i'?ll|i will|i'?m going to|i am going to|i want to|i'?m gonna|i'?d like to)"

_SELF_HARM = (
    rf"(?:kill|killing|hurt|hurting|harm|harming|cut|cutting|hang|hanging) {_MYSELF}",
    "(?:end|ending|take|taking) my (?:own )?life",
    "end(?:ing)? it all",
    "suicid(?:e|al)",
    "self[- ]?harm(?:ing)?",
    "(?:don'?t|do not|no longer) want to (?:live|be alive|exist|wake up)(?: any ?more)?",
    "(?:want to|wish i could|going to|ready to|rather|better off|wish i (?:was|were)) (?:be )?(?:dead|die)",
    "(?:can'?t|cannot) go on (?:like this|living|any ?more)",
    "no reason (?:to live|to go on living|left to live)",
    "jump(?:ing)? off (?:a|the) (?:bridge|building|roof)",
    "overdos(?:e|ed|ing)",
)
_IN_DANGER = (
    rf"{_SOMEBODY} (?:[a-z]+ )?(?:[a-z]+ )?(?:threatens?|threatened|threatening) (?:to [a-z]+ )?{_ME}",
    rf"(?:threat|threats|threatens?|threatened|threatening) to {_HURT} {_ME}",
    rf"(?:going|wants?|trying|tries|tried) to {_HURT} {_ME}",
    rf"{_SOMEBODY} (?:[a-z]+ )?(?:stalks?|stalking|stalked|beats?|beating|hits?|hitting|abuses?|abused|abusing) {_ME}",
    "(?:being|been|am|i'?m) (?:stalked|blackmailed)",
    "blackmail(?:s|ed|ing)? me",
    "(?:afraid|scared|fear|fearing) for my (?:life|safety)",
    "my life is in danger",
    "domestic violence",
    "(?:women'?s|safe) (?:shelter|refuge|house)",
    r"hid(?:e|ing) from (?:my )?(?:ex|abus\w+|violent \w+|husband|stalker)",
)
_THREAT = (
    rf"{_I_WILL} (?:[a-z]+ )?{_HURT} {_THEM}",
    "(?:burn|blow|shoot) (?:down |up )?(?:your|the|this) (?:office|shop|store|building|warehouse|house)(?: down| up)?",
    "(?:i know|find out|i'?ll find|i will find) where (?:you|u|they|your [a-z]+) (?:live|work)s?",
    "you(?:'?ll| will)? (?:all )?(?:deserve to|should|must|are going to|will) (?:all )?die",
    "(?:a|planted a|with a) bomb",
)
_SAYINGS = (
    "(?:is|are|was|were|been)? ?killing me(?: softly)?",
    "(?:i'?d|i would|could|would) (?:kill|die) for (?:a|an|some|the|that|this)",
    "(?:dying|die|died) (?:to (?:know|see|find|get|have|hear)|of (?:laughter|boredom|embarrassment)|laughing)",
    "(?:kill|killing|end|ending) my (?:account|profile|subscription|data|membership|session)",
    "(?:battery|phone|laptop|computer|screen|app|site|page|link|chat|account) (?:is|was|has|went) (?:dead|died|dying)",
    "(?:bath|photo|cherry|glitter|seed) bombs?",
    "suicide squad",
    rf"hurt(?:ing)? {_MYSELF} (?:laughing|lifting|opening|with (?:the|your|a) (?:box|parcel|package|scissors|lid))",
)


def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")


_SAYING = _any(_SAYINGS)
_SIGNS = (
    (HandoffReason.SELF_HARM, _any(_SELF_HARM)),
    (HandoffReason.IN_DANGER, _any(_IN_DANGER)),
    (HandoffReason.THREAT, _any(_THREAT)),
)


def sign_in(text: str) -> HandoffReason | None:
    """Whether words may mean that somebody is in danger, and in which way.

    Args:
        text: What a person typed.
    """
    plain = " ".join(text.casefold().replace("’", "'").replace("‘", "'").split())
    literal = _SAYING.sub(" ", plain)
    return next((reason for reason, pattern in _SIGNS if pattern.search(literal)), None)
