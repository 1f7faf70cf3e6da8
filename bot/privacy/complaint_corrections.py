"""How people correct what they told about their complaint: one thing for another, another wish, no wish, a bare no."""

import re

_LONGEST = 120
_FIRST = r"(?:(?:no|nope|nah|well|actually|sorry|please|oh|and|but|then|i mean|wait)\b\W*)*"
_PLEASE = r"(?:\W+(?:please|pls|then|instead|now|thanks|thank you|after all|any ?more|at all))*\W*"
_OLD = r"(?P<old>[^,;.]{1,60}?)"
_NEW = r"(?P<new>[^,;.]{1,80}?)"
_IT_IS = r"(?:(?:it|this|that|i) (?:is|was|want|should be|must be) |it's )?"
_REPLACING = tuple(
    re.compile(rf"\W*{_FIRST}{pattern}{_PLEASE}", re.IGNORECASE)
    for pattern in (
        rf"(?:change|correct|replace|turn) (?:the )?{_OLD} (?:to|into|with|by|for) (?:the )?{_NEW}",
        rf"(?:i (?:do not|don't) want|(?:it|this|that) (?:is|was) not|(?:it|this|that) (?:isn't|wasn't)|not) {_OLD}"
        rf"(?:[,;.]+ ?(?:but |rather |it (?:is|was) |i want |i'd like |i would like )?| but ){_NEW}",
        rf"{_IT_IS}{_NEW}(?:,? (?:and not|instead of|rather than)|, not) {_OLD}",
    )
)

_WISHES = (
    r"(?:apolog(?:y|ies)|refund|money|explanation|replacement|compensation|reimbursement|answer|reply|discount|voucher|"
    r"exchange|new one|letter|call|confirmation|correction|deletion)"
)
_ANY = rf"(?:(?:particular|special|specific|real|more|other|further) )?(?:{_WISHES}|wish(?:es)?|request|demand|action)"
_WISHING_NOTHING = re.compile(
    rf"\W*{_FIRST}(?:(?:i (?:have|want|need)|there is|there's|it's)(?: really| actually)? )?"
    rf"(?:(?:no|without an?|without) {_ANY}(?: back)?(?: (?:is )?(?:needed|necessary|required|wanted))?"
    rf"|no need (?:for|of) (?:an? |any )?{_ANY}|nothing(?: in particular| particular| special| really| else)?"
    rf"|i (?:do not|don't) (?:want|need|wish for) (?:anything|any {_ANY}|an? {_ANY})"
    rf"(?: in particular| special| back)?){_PLEASE}",
    re.IGNORECASE,
)
_OPENING = (
    r"(?:(?:rather|better|just|only|make (?:it|that)|i(?:'d| would)? (?:want|like|rather have|prefer)|give me)\b ?)*"
)
_ANOTHER = rf"(?:(?:an?|the|my|some|your)\b|(?:to|that you)\b|(?=(?:\w+ ){{0,2}}{_WISHES}\b))"
_OTHER_WISH = re.compile(
    rf"(?:^|(?<=[.,;!?–-]))\s*(?:no|actually|or rather|sorry|i mean|rather)\b[,:. ]+"
    rf"(?P<wish>{_OPENING}{_ANOTHER}[^.!?\n]*[.!?]*)",
    re.IGNORECASE,
)
_NAMES_A_WISH = re.compile(rf"\b(?:{_WISHES}|wish(?:es)?)\b", re.IGNORECASE)
_OF_A_NO = re.compile(
    r"(?:no|nope|nah|not|never|yes|well|oh|ok|okay|actually|i|would|i'd|rather|do|does|don't|doesn't|did|it|that|this|is|was|"
    r"isn't|wasn't|it's|that's|be|right|wrong|correct|incorrect|quite|true|please|thanks|thank|you|really|yet|still|all|at|"
    r"like|so|of|course|sorry|there|something|anything|to|want|wish|need|change)"
)


def one_for_another(words: str) -> tuple[str, str] | None:
    """What is to be replaced, and by what, as in "change Monday to Tuesday" or "not an apology, an explanation"."""
    if len(words) > _LONGEST:
        return None
    found = next((match for each in _REPLACING if (match := each.fullmatch(_plain(words)))), None)
    return (found["old"].strip(), found["new"].strip()) if found and not is_bare_no(found["old"]) else None


def put_in_place(told: str | None, old: str, new: str) -> str | None:
    """What was told with the new words in the place of the old ones; None where the old ones do not stand there."""
    whole = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)", re.IGNORECASE)
    return whole.sub(lambda _: new, told) if told and whole.search(told) else None


def wishes_nothing(words: str) -> bool:
    """Whether somebody says that there is nothing they would like to be done."""
    return len(words) <= _LONGEST and _WISHING_NOTHING.fullmatch(_plain(words)) is not None


def wants_nothing_of_it(words: str) -> bool:
    """Whether the wish that was told is taken back, by name: at "is it right?" a mere "nothing" says something else."""
    last = re.split(r"(?<=[.!?])\s+", words.strip())[-1]
    return wishes_nothing(last) and _NAMES_A_WISH.search(last) is not None


def last_wish(words: str, wish: str | None = None) -> str:
    """A wish as it was corrected in the same breath: "I want a refund. No, an apology." is an apology.

    Args:
        words: What was written.
        wish: The part of it that was found to be the wish; all of it where none is given.
    """
    corrections = list(_OTHER_WISH.finditer(words, max(words.find(wish or words), 0)))
    return corrections[-1]["wish"].strip() if corrections else wish or words


def other_wish(words: str) -> str | None:
    """The wish that a no goes on with, as in "no, an apology"; None where it names none."""
    found = _OTHER_WISH.match(words) if len(words) <= _LONGEST else None
    return found["wish"].strip() if found and _NAMES_A_WISH.search(found["wish"]) else None


def is_bare_no(words: str) -> bool:
    """Whether a no says nothing of what it should be instead."""
    return all(_OF_A_NO.fullmatch(word) for word in re.findall(r"[\w']+", _plain(words).casefold()))


def _plain(words: str) -> str:
    return words.strip().replace("’", "'")
