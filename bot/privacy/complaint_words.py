"""What the words of a complaint say by themselves: its kind, which order or day, what is wanted.

Only what the person is shown again and can correct is read here; nothing is decided by it.
"""

import re

from bot.store.numbers import number_in
from bot.vocabulary import CaseKind, EntityKind

_KINDS: dict[CaseKind, str] = {
    CaseKind.SUGGESTION: r"suggest\w*|propos\w+|idea|recommend\w*|(?:would|might) be (?:nice|good|better|great)|"
    r"why (?:don't|do not) you|you (?:could|might want to)",
    CaseKind.OBJECTION: r"object(?:ion|ions|ing)?(?= |$)",
    CaseKind.CONCERN: r"concerns?|concerned|worr(?:y|ied|ies)|uneasy|afraid",
    CaseKind.COMMENT: r"comments?|feedback|remarks?|compliments?|praise",
    CaseKind.QUESTION: r"questions?|ask you|wonder\w*",
    CaseKind.REPORT: r"report(?:ing)?",
}
_COMPLAINT = re.compile(
    r"\b(?:complain\w*|grievances?|unacceptable|claim|reclamation|compensation|sue|lawyer|court)\b", re.IGNORECASE
)
_NAMED = re.compile(
    r"\b(?:it|this|that|mine)\s*(?:is|was|'s)\s+(?:only|just|more|rather|really|meant as|more of)?\s*(?:an?|my)?\s*"
    r"(question|objection|comment|feedback|remark|suggestion|idea|concern|complaint|report|security report)\b"
    r"|\bnot an? \w+[,;]? (?:but )?(?:an? )?(question|objection|comment|suggestion|concern|complaint|report)\b",
    re.IGNORECASE,
)
_SAME = {"feedback": "comment", "remark": "comment", "idea": "suggestion", "security report": "security_report"}

_OWN_NUMBER = r"(?!(?:PR|CS)-\d{4}-\d{6}\b)"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_ABOUT = re.compile(
    rf"\b(?:(?:order|invoice|parcel|delivery|purchase)\s*(?:number|no\.?|nr\.?)?\s*[:#]?\s*{_OWN_NUMBER}"
    r"[A-Z]{0,3}-?\d{3,}[\w-]*"
    rf"|{_OWN_NUMBER}[A-Z]{{1,3}}-\d{{4,}}"
    rf"|(?:(?:on|since|last|this|next)\s+){{0,2}}{_DAY}(?:\s+(?:morning|afternoon|evening|night))?"
    r"|(?:the day before )?yesterday(?:\s+(?:morning|afternoon|evening|night))?|last (?:night|week|month|year)"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:\s+\d{{4}})?|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?\b"
    r"|\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})",
    re.IGNORECASE,
)
_OTHER_ABOUT = re.compile(
    r"\b(?:other|different|another|wrong|not (?:that|this)) (?:order|invoice|parcel|delivery|date|day|one)\b|"
    r"\b(?:order|date|day|invoice)\b.{0,20}\b(?:is|was) (?:wrong|not right|another|different)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_OPENING = re.compile(
    r"\b(?:complain\w*|grievance|claim|reclamation|suggestion|suggest|concern|question|comment|objection|feedback|"
    r"report|raise|lodge|file|hello|hi|dear)\b",
    re.IGNORECASE,
)
_WANTED = re.compile(
    r"\b(?:i (?:want|wish|expect|demand|ask|need|require|insist)|i(?:'d| would) (?:like|want|appreciate)|please|kindly|"
    r"(?:could|can|would|will) you|you (?:should|must)|make sure)\b",
    re.IGNORECASE,
)
_BRINGS = re.compile(
    r"\b(?:to|i|hereby) (?:report|complain|lodge|file|make|raise|submit|suggest|propose|object|register|bring)\b",
    re.IGNORECASE,
)
_OF_A_REQUEST = re.compile(
    r"\b(?:requests?|copy of my|copies|export|deletion|erasure|correction|withdrawal|cancellation|"
    r"asked (?:you )?(?:for|to)|you (?:refused|denied|ignored))\b",
    re.IGNORECASE,
)
# Short words that ask for one of these of a case which is there; a long message is a story of its own.
_ACTS = {
    "claim": r"claim codes?",
    "reopen": r"re-?open(?:ed|ing)?|open .{1,40} again",
    "second_look": r"second (?:look|opinion|review|pair of eyes)|appeal|looked at again|"
    r"(?:(?:an|some)other (?:person|colleague|employee)|some(?:one|body) else)\b.{0,20}\b(?:look|check|review)\w*",
    "take_back": r"(?:take|pull) .{0,40}back|withdraw .{0,20}(?:complaint|case|CS-)",
    "reply": r"(?:reply|respond|answer) to (?:your|the|my|that|CS-)",
}
_LONGEST_ACT = 120
_OF_A_CASE = re.compile(
    r"\b(?:complain\w*|cases?|claim codes?|concern|suggestion|objection|comment|reported|report|grievance)\b",
    re.IGNORECASE,
)
_ON_PAPER = re.compile(
    r"\b(?:letters?|letter ?box|parcels?|packages?|post ?(?:wo)?m[ae]n|couriers?|drivers?|delivery (?:wo)?m[ae]n)\b",
    re.IGNORECASE,
)
_IN_THE_SHOP = re.compile(r"\b(?:accounts?|passwords?|log(?:ged)? ?in|cards?|phish\w*|hack\w*|breach)\b", re.IGNORECASE)
_LONGEST_OPENING = 13
_SHORTEST_STORY = 5
_LONGEST = 200


def kind_in(words: str) -> CaseKind:
    """What somebody brings, by the words they use for it; a complaint where they use none."""
    if _COMPLAINT.search(words):
        return CaseKind.COMPLAINT
    found = {kind: re.search(rf"\b(?:{pattern})", words, re.IGNORECASE) for kind, pattern in _KINDS.items()}
    first = min((match.start(), kind) for kind, match in found.items() if match) if any(found.values()) else None
    return first[1] if first else CaseKind.COMPLAINT


def corrected_kind(words: str) -> CaseKind | None:
    """The kind that somebody corrects theirs to, as in "this is a suggestion, not a complaint"."""
    named = _NAMED.search(words)
    if named is None:
        return None
    word = (named[1] or named[2]).casefold()
    return CaseKind(_SAME.get(word, word))


def about_in(words: str) -> str | None:
    """Orders and days named in the words, as they stand there."""
    found = dict.fromkeys(match.group().strip() for match in _ABOUT.finditer(words))
    return ", ".join(found)[:_LONGEST] or None


def means_another_order(words: str) -> bool:
    """Whether somebody says that the order or the day is the wrong one, without naming the right one."""
    return _OTHER_ABOUT.search(words) is not None


def says_but(words: str) -> bool:
    """Whether a yes goes on with something else that is to be different."""
    return re.search(r"\b(?:but|except|instead|however|only|not|also)\b", words, re.IGNORECASE) is not None


def wish_in(words: str) -> str | None:
    """The sentences that say what is wanted; to have a complaint filed is no wish, it is done already."""
    wanted = [each.strip() for each in _sentences(words) if _WANTED.search(each)]
    return " ".join(each for each in wanted if not _is_opening(each) and not _BRINGS.search(each)) or None


def tells_what_happened(words: str) -> bool:
    """Whether there is more in the words than the wish to bring something."""
    rest = [each for each in _sentences(words) if not _is_opening(each)]
    return sum(len(each.split()) for each in rest) >= _SHORTEST_STORY


def request_in(words: str) -> str | None:
    """The number of a request that the words name."""
    return number_in(words, EntityKind.REQUEST)


def case_in(words: str) -> str | None:
    """The number of a case that the words name."""
    return number_in(words, EntityKind.CASE)


def act_asked_for(words: str) -> str | None:
    """What a short sentence asks to be done with a case: `claim`, `reopen`, `second_look`, `take_back`, `reply`."""
    if len(words) > _LONGEST_ACT:
        return None
    found = (act for act, pattern in _ACTS.items() if re.search(rf"\b(?:{pattern})", words, re.IGNORECASE))
    act = next(found, None)
    return None if act == "take_back" and not (speaks_of_a_case(words) or case_in(words)) else act


def speaks_of_a_case(words: str) -> bool:
    """Whether a question is about something that was brought, rather than about a request."""
    return _OF_A_CASE.search(words) is not None


def speaks_of_a_request(words: str) -> bool:
    """Whether it may be about how a request was handled."""
    return _OF_A_REQUEST.search(words) is not None


def is_of_paper(words: str) -> bool:
    """Whether a story is of letters, parcels and those who bring them, and of nothing that has a password."""
    return _ON_PAPER.search(words) is not None and _IN_THE_SHOP.search(words) is None


def _sentences(words: str) -> list[str]:
    return [each for each in _SENTENCE.findall(words.replace(":", ".")) if each.strip()]


def _is_opening(sentence: str) -> bool:
    short = len(sentence.split()) <= _LONGEST_OPENING and _ABOUT.search(sentence) is None
    return short and _OPENING.search(sentence) is not None
