"""Which uses of their data a person wants to end, to keep and to allow, by the words of one message.

Nothing is done by what is found here: each end is asked about, and each consent is offered (GDPR Article 4(11)).
In doubt nothing is found, and the person picks on the card.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from bot.privacy.consent_standing import PurposeStanding, named_in


@dataclass(frozen=True)
class Wished:
    """What a message wants for the uses it names.

    Attributes:
        end: To be stopped; also what has ended already.
        allow: To be allowed, or to go on as it is, however it stands now. Next to `end` only what was to be turned on.
        core: What cannot be ended by itself and yet was meant, by its name or with all mails.
        unsure: Whether the person wants more than that, but not plainly what.
    """

    end: tuple[PurposeStanding, ...] = ()
    allow: tuple[PurposeStanding, ...] = ()
    core: tuple[PurposeStanding, ...] = ()
    unsure: bool = False


class _Way(Enum):
    """What a piece of a message wants for what it names."""

    END = "end"
    KEEP = "keep"
    ALLOW = "allow"


_AGREEMENT = r"(?:consent|permission|agreement|approval|authori[sz]ation|ok|okay|yes)"
_SAYS_NO = r"(?:do not|don'?t|does not|doesn'?t|never|not|no need to|rather not)"
_ENDS = r"(?:stop|end|cancel|remove|withdraw|block|disable|(?:turn|switch)(?: \S+)? off)"
_JOINT = re.compile(
    r"\s*(?:[,;.!?]+(?=\s|$)|\b(?:but|and|or|then|though|although|while|however"
    r"|except(?:ing)?(?: for)?|other than|besides|apart from|aside from)\b)\s*"
)
_EXCEPT = re.compile(r"\b(?:except|other than|besides|apart|aside)")
_OPENING = re.compile(r"(?:(?:yes|no|ok|okay|fine|well|sure|hi|hello)\s*[,.!;]\s*)+(?=\w)")
_PADDING = re.compile(r"\b(?:at all|any ?more|any ?longer|all right|after all|once and for all|all the time)\b")
_ALL = re.compile(r"\b(?:all|everything|every|each|nothing|rest|others?)\b")
_ALL_MAILS = re.compile(r"\b(?:all|every|each|any|no(?: more)?)\b(?: \S+){0,3} (?:e-?)?mails?\b|\bmails? at all\b")
_ONLY = re.compile(r"\bonly\b")
# Tried in this order. A no to an end keeps; any other stopping word is heard before one that gives, so that "I do not
# consent to", "I no longer allow" and "I take back my consent" never give.
_WAYS = (
    (
        _Way.KEEP,
        rf"{_SAYS_NO} (?:mind|object|{_ENDS})|no (?:objections?|problems?)|nothing against|not a problem",
    ),
    (
        _Way.END,
        rf"\w+n't|dont|doesnt|cant|wont|isnt|arent|not|no|never|without|neither|nor|less"
        rf"|stop\w*|quit|ends?|ended|ending|cancel\w*|cease|halt|block|withdr\w+|revok\w+|retract\w*|remov\w+|delet\w+"
        rf"|tak\w+ (?:\S+ ){{0,6}}back|want (?:\S+ )?{_AGREEMENT} .*\bback|undo|untick|uncheck|unsubscri\w+|unenrol\w*"
        rf"|opt(?:ing|ed)?(?: \S+){{0,2}} out|out of|object\w*|oppose|disagree\w*|refus\w+|reject\w*|declin\w+|forbid"
        rf"|(?:turn|switch|shut|put)(?:ed|ing)?\b.*\boff|off|disabl\w+|deactivat\w+|get rid|must go|(?:has|have) to go"
        rf"|gone|enough|leave me (?:alone|out)|used to|by (?:mistake|accident)|accidentally|changed my mind|hate|drop"
        rf"|forget|(?:i|you|u) keep \w+ing|keep (?:\S+ ){{1,4}}(?:away|out|off)",
    ),
    (_Way.KEEP, r"keep\w*|leav\w+|stays?|remains?|continu\w+|(?:carry|go|run) on|fine|ok|okay|happy|i like|yes$"),
    (
        _Way.ALLOW,
        rf"allow|permit|consent to|agree to|agree with|authori[sz]e|approve|yes to|(?:you|u) (?:may|can)"
        rf"|(?:do|still) want|(?:are|'re) allowed"
        rf"|give (?:\S+ ){{0,3}}(?:back|{_AGREEMENT})|(?:turn|switch|put|set)\b.*\bon|back on|again"
        rf"|want .*\bback|re-?subscrib\w+|subscrib\w+|sign me up|opt(?:ing)?(?: \S+){{0,2}} in|enabl\w+"
        rf"|(?:re-?)?activat\w+|resum\w+|re-?start\w*|start",
    ),
)
_PATTERNS = tuple((way, re.compile(rf"(?<!\w)(?:{words})(?!\w)")) for way, words in _WAYS)


@dataclass
class _Piece:
    """A piece of a message between two joints."""

    joint: str
    text: str
    named: list[PurposeStanding]
    way: _Way | None

    @property
    def means_all(self) -> bool:
        """Whether it speaks of every use there is, or of every other one."""
        return not (self.named or self.means_mails) and bool(_ALL.search(_PADDING.sub(" ", self.text)))

    @property
    def means_none(self) -> bool:
        """Whether it says nothing of what it speaks of."""
        return not (self.named or self.means_all or self.means_mails)

    @property
    def means_mails(self) -> bool:
        """Whether it speaks of mails, whatever they are sent for."""
        return not self.named and bool(_ALL_MAILS.search(self.text))


def wished_in(text: str, standings: Sequence[PurposeStanding]) -> Wished:
    """What a message wants for the uses it names; nothing where that is not plain."""
    pieces = _pieces(text, standings)
    refuses = any(piece.way is _Way.END and piece.means_none for piece in pieces)
    contrasts = any(_is_bare_contrast(*pair) for pair in pairwise(pieces))
    _fill_in(pieces)
    by_way = {way: _named_by(pieces, way) for way in _Way}
    end, keep, allow = by_way[_Way.END], by_way[_Way.KEEP], by_way[_Way.ALLOW]
    spared = [*keep, *allow]
    if any(piece.means_mails and piece.way is _Way.END for piece in pieces):
        end += [each for each in standings if any("mail" in word for word in each.purpose.words) and each not in spared]
    core = tuple(each for each in _ordered(end, standings) if each.ends_as is None)
    end = [each for each in end if each.ends_as]
    taken_back = refuses and not (end or core)  # "I said yes to the ads, but not any more"
    if taken_back or contrasts or any(each in spared for each in end):
        return Wished(core=core, unsure=True)
    if any(piece.means_all and piece.way is _Way.END for piece in pieces) or _is_the_only(pieces):
        if not spared:
            return Wished(core=core, unsure=True)
        end += [each for each in standings if each.can_be_ended and each not in [*end, *spared]]
    return Wished(_ordered(end, standings), _ordered(allow if end else spared, standings), core)


def _pieces(text: str, standings: Sequence[PurposeStanding]) -> list[_Piece]:
    plain = _spoken(text)
    joints = list(_JOINT.finditer(plain))
    starts = [0, *(joint.end() for joint in joints)]
    ends = [*(joint.start() for joint in joints), len(plain)]
    found = []
    for joint, start, end in zip(["", *(each.group().strip() for each in joints)], starts, ends, strict=True):
        piece = plain[start:end]
        way = next((way for way, pattern in _PATTERNS if pattern.search(piece)), None)
        if piece.strip():
            found.append(_Piece(joint, piece, named_in(piece, standings), way))
    return found


def _spoken(text: str) -> str:
    """The words without what only opens them: the "ok" of "ok, forget the newsletter" keeps nothing."""
    plain = " ".join(text.casefold().replace("\u2019", "'").split())
    opening = _OPENING.match(plain)
    return plain[opening.end() :] if opening else plain


def _is_bare_contrast(before: _Piece, after: _Piece) -> bool:
    """Whether a "but" says by itself what is wanted: "no ads but the newsletter", "not the newsletter but the ads"."""
    return bool(after.joint == "but" and after.way is None and before.named and after.named)


def _fill_in(pieces: Sequence[_Piece]) -> None:
    """Give a piece without a word of its own the way of the piece before it: "stop the one and the other".

    What is excepted goes the other way ("everything but this", "do not stop this, only that"), and what is named before
    anything is said of it waits for what follows.
    """
    way, all_meant = _way_before_any(pieces), False
    for piece in pieces:
        excepts = bool(_EXCEPT.match(piece.joint)) or (piece.joint == "but" and all_meant)
        instead = way is not _Way.END and piece.text.startswith("only ")
        if piece.way is None and (excepts or instead):
            piece.way = _Way.KEEP if way is _Way.END else _Way.END
        way = piece.way = piece.way or way
        all_meant = all_meant or piece.means_all


def _way_before_any(pieces: Sequence[_Piece]) -> _Way:
    """The way of what is named first: "the one and the other back on", "the one and the other, stop both"."""
    for place, piece in enumerate(pieces):
        joined = all(each.joint in ("and", "or") for each in pieces[1 : place + 1])
        if piece.way and (joined or not piece.named):
            return piece.way
    return _Way.END


def _named_by(pieces: Sequence[_Piece], way: _Way) -> list[PurposeStanding]:
    return [each for piece in pieces if piece.way is way for each in piece.named]


def _is_the_only(pieces: Sequence[_Piece]) -> bool:
    """Whether one use is to stay and no other: "you may only send me the newsletter"."""
    return any(piece.named and piece.way is not _Way.END and _ONLY.search(piece.text) for piece in pieces)


def _ordered(named: Sequence[PurposeStanding], standings: Sequence[PurposeStanding]) -> tuple[PurposeStanding, ...]:
    return tuple(each for each in standings if each in named)
