"""What is said beside the story while a complaint is told: a question about it, a time, a yes, an end.

Only short messages that are this and nothing else are read here; everything longer is the person's own story.
"""

import re

_LONGEST = 100
_BEFORE = (
    r"\W*(?:(?:and|but|so|ok|okay|well|wait|sorry|hm+|oh|please|yes|yeah|yep|no|nah|actually|then|just|first|"
    r"one question|by the way|you know what)\b\W*)*"
)
_AFTER = (
    r"(?:\W+(?:please|pls|now|then|next|actually|after all|by the way|though|here|exactly|later|afterwards|again|off|"
    r"thanks|thank you))*\W*"
)
_IT = r"(?:it|this|that|(?:my|the|this) (?:complaint|case|report|concern|objection|suggestion|question|comment))"
_OF_IT = rf"(?: (?:with|to|about|of|on) (?:{_IT}|what i (?:write|say|tell|wrote|said|told)(?: you| here)?))?"

_QUESTIONS = (
    rf"what(?:'s| is| will| does| comes| happens)?(?: going to)?(?: happen| be)?"
    rf"(?: next| now| then| after (?:this|that))+{_OF_IT}",
    rf"what (?:happens|will happen|is going to happen|becomes|will become){_OF_IT}",
    rf"what (?:do|will|are) you (?:do|doing|going to do) with {_IT}",
    rf"(?:how|where) does (?:{_IT}) go(?: on| from here)?",
    rf"who(?:'ll| will| is going to| can| gets to| else| would| is)?(?: else)? (?:reads?|reading|sees?|seeing|gets?|"
    rf"looks? at|looking at|answers?|answering|handles?|deals? with|decides?(?: on| about)?|receives?)"
    rf"(?: (?:{_IT}|what i (?:write|say|tell)(?: you| here)?|me))?",
    r"(?:when|how soon|by when|until when) (?:do|will|can|should|may) (?:i|you|we|they|somebody|someone|a person)"
    r"(?: \w+){0,2}? (?:(?:an?|the|your|my) )?(?:answer|reply|response|hear|know)(?: \w+){0,4}",
    rf"when (?:is|will|does) (?:{_IT})(?: be)?(?: get)? (?:answered|decided|done|read|looked at|settled|dealt with)",
    rf"how long (?:does|will|is|do|until|till)(?: (?:{_IT}|an answer|i|you))?(?: going to)?"
    r"(?: (?:take|need|wait|have to wait|get an answer|i (?:get|have) an answer))",
    rf"(?:can|could|may|how (?:do|can|could) i|can i still|am i able to|is it possible to)(?: i)?"
    rf"(?: still| also| always)?"
    rf" (?:(?:take|pull) {_IT} back|(?:take back|withdraw|cancel|undo|change|correct|stop) {_IT}|change my mind)",
    rf"(?:is|was|has|did|have)(?: you| they)? ?(?:{_IT}|anything)?(?: been)?(?: already)? "
    rf"(?:sent|filed|submitted|send|file|submit)(?: {_IT})?(?: already| yet)?",
    r"what (?:does|do you mean by|is meant by|is|counts as|do you call|'s) (?:the word |an? |the )?\W?"
    r"(?:complaint|case|concern|objection|suggestion|report|comment)\W?(?: mean| here| in here| exactly| for you)*",
)
_QUESTION = re.compile(rf"{_BEFORE}(?:{'|'.join(_QUESTIONS)}){_AFTER}", re.IGNORECASE)

_LEAVING = re.compile(
    rf"{_BEFORE}(?:i (?:would|'d|want to|will|would like to) (?:rather )?|let's |let us )?"
    r"(?:(?:drop|scrap|forget|forget about|abandon) (?:it|this|that|everything|all of it|the whole thing)(?: all)?"
    r"|(?:drop|scrap|forget|cancel|stop|abandon) (?:my|the|this) (?:complaint|case|report|concern|objection)"
    r"|never ?mind(?: (?:it|that|this|all that))?|let (?:it|this|that) (?:go|be|rest)|leave it|stop|cancel|abort|quit"
    r"|(?:have )?changed my mind|i(?:'ve| have)? changed my mind"
    r"|i (?:don't|do not|no longer) want to complain(?: any ?more)?)"
    rf"(?: completely| altogether)?{_AFTER}",
    re.IGNORECASE,
)
_WISHING = r"(?:i (?:want to|would like to|'d like to|will|'ll|hereby|) ?|let me )"
_BACK = rf"(?:(?:take|pull) {_IT} back|(?:take back|withdraw) {_IT})"
_TAKING_BACK = re.compile(rf"{_BEFORE}{_WISHING}?{_BACK}{_AFTER}", re.IGNORECASE)
_NAMING_IT = re.compile(r"\b(?:i|let me|complaint|case|report|concern|objection|suggestion)\b", re.IGNORECASE)
_SENDING = re.compile(
    rf"{_BEFORE}(?:(?:you (?:can|may) )?(?:send|submit|file|post) (?:{_IT}|everything)(?: off| in| as it is)?"
    rf"|go ahead(?: and send it)?|send){_AFTER}",
    re.IGNORECASE,
)

_DAYS = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_MONTHS = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|"
    r"sept?|oct|nov|dec)"
)
_PARTS = r"(?:night|week|weekend|month|year|morning|afternoon|evening|noon|midnight|spring|summer|autumn|winter)"
_COUNT = r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|a few|some|several|a couple of)"
_TIME = (
    rf"(?:yesterday|today|tonight|recently|{_DAYS}|{_PARTS}|(?:last|this) (?:{_DAYS}|{_PARTS}|{_MONTHS})|the day before"
    rf"|{_COUNT} (?:minute|hour|day|week|month|year)s? ago"
    rf"|\d{{1,2}}(?:[:.]\d{{2}})? ?(?:am|pm|a\.m\.|p\.m\.|o'clock)|\d{{1,2}}:\d{{2}}"
    rf"|\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}|(?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?)?{_MONTHS}"
    rf"(?: \d{{1,2}}(?:st|nd|rd|th)?)?(?:,? \d{{4}})?|\d{{1,2}}(?:st|nd|rd|th))"
)
_HAPPENED = (
    r"(?:(?:it|this|that|which|all)(?: all)? (?:happened|was|took place|has been|started|began)|happened|i think|maybe|"
    r"sorry|well)"
)
_AT = r"(?:on|in|at|around|about|the|of|since|early|late|just|only|and|some ?time|(?:shortly )?(?:before|after))"
_ONLY_A_TIME = re.compile(
    rf"\W*(?:{_HAPPENED}\W+)*(?:{_AT} )*{_TIME}(?:\W+(?:{_AT} )*{_TIME})*(?:\W+{_HAPPENED})?\W*", re.IGNORECASE
)


def asks_about_it(words: str) -> bool:
    """Whether somebody asks what becomes of what they tell: who reads it, by when, how it ends."""
    return _is(_QUESTION, words)


def is_only_a_time(words: str) -> bool:
    """Whether a message says when it was and nothing else; what shall be done by a day is no such time."""
    return _is(_ONLY_A_TIME, words)


def leaves_it(words: str) -> bool:
    """Whether somebody does not want to go on with what they began to tell."""
    return _is(_LEAVING, words)


def takes_it_back(words: str, *, at_the_wish: bool) -> bool:
    """Whether somebody takes back what they brought.

    Args:
        words: What they wrote.
        at_the_wish: The desk has just asked what the shop shall do, so that "take it back" may mean a parcel.
    """
    return _is(_TAKING_BACK, words) and not (at_the_wish and _NAMING_IT.search(words) is None)


def sends_it(words: str) -> bool:
    """Whether somebody who is asked if it is right wants it sent."""
    return _is(_SENDING, words)


def is_aside(words: str) -> bool:
    """Whether a message is no part of the story, whatever else it may read like."""
    return asks_about_it(words) or leaves_it(words) or takes_it_back(words, at_the_wish=False) or is_only_a_time(words)


def _is(pattern: re.Pattern[str], words: str) -> bool:
    return len(words) <= _LONGEST and pattern.fullmatch(words.strip().replace("’", "'")) is not None
