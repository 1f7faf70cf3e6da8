"""Sees that somebody asks for another person's data: a child's, a late parent's, a client's.

The desk acts on the data of whoever is signed in and of nobody else, so who asks for another person must hear that
before anything of their own is on the table (GDPR Article 12(6): who asks must be who the data is about).
"""

import re

_KIN = (
    r"(?:(?:(?:grand|step|god|ex)[- ]?)?(?:mother|father|mum|mom|mam|mama|dad|papa|parent|son|daughter|child|kid|"
    r"brother|sister)|grandma|grandpa|granny|nan|husband|wife|spouse|partner|girlfriend|boyfriend|fianc[eé]e?|aunt|"
    r"uncle|cousin|niece|nephew|friend|neighbour|neighbor|colleague|boss|flatmate|roommate|tenant|client)"
)
_THINGS = r"(?:data|account|details|information|profile|records?|orders?|history|copy|address|e-?mail|reviews?)"
_TITLED = r"(?:mr|mrs|ms|miss|mister|dr|prof)\b\.?\s+[a-z]"
_OWNED = re.compile(
    rf"\b(?:my|our|a)\s+(?:[\w-]+\s+){{0,4}}?{_KIN}(?:\s+(?-i:[A-Z])\w+)?(?:'s|s'|s)\s+(?:[\w-]+\s+){{0,3}}?{_THINGS}\b",
    re.I,
)
_OF = re.compile(rf"\b{_THINGS}\s+of\s+(?:my|our|a)\s+(?:[\w-]+\s+){{0,4}}?{_KIN}\b", re.I)
_MRS = re.compile(rf"\b{_THINGS}\s+of\s+{_TITLED}|\b{_TITLED}\w*'s?\s+{_THINGS}\b", re.I)
_BELONGS = re.compile(rf"\b(?:belongs to|is not mine|isn't mine|(?:is|it's) my {_KIN}'s)\b", re.I)
_WANTS = re.compile(r"\b(?:he|she) (?:wants?|would like|asks?|asked)\b", re.I)
_NAMED = re.compile(rf"\b(?:my|our)\s+(?:[\w-]+\s+){{0,2}}?{_KIN}s?\b", re.I)
_THEIRS = re.compile(rf"\b(?:his|her|their)\s+(?:[\w-]+\s+){{0,2}}?{_THINGS}\b", re.I)
_REMOVE_THEIRS = re.compile(
    rf"\b(?:delete|erase|remove|close|cancel|anonymi[sz]e|correct|export|send me)\s+(?:all (?:of )?)?(?:his|her)\s+"
    rf"(?:[\w-]+\s+){{0,2}}?{_THINGS}\b",
    re.I,
)
_FOR = re.compile(
    r"\b(?:on behalf of|power of attorney|"
    r"as (?:the |an? |his |her |their )?(?:executor|executrix|guardian|carer|attorney|lawyer)\b|"
    r"(?:i am|i'm) (?:the |an? )?(?:executor|executrix)|the deceased)",
    re.I,
)


def asks_for_another(words: str) -> bool:
    """Whether the words ask for something about another person than the one who writes them."""
    plain = words.replace("’", "'")
    if any(pattern.search(plain) for pattern in (_OWNED, _OF, _MRS, _BELONGS, _REMOVE_THEIRS, _FOR)):
        return True
    return bool(_NAMED.search(plain) and (_THEIRS.search(plain) or _WANTS.search(plain)))
