"""What somebody says who wants only a part of their data gone.

The desk can delete everything, or what the shop recorded by itself. Whoever names less than everything is asked which
of the two they mean, and a plain yes does not do: it would end an account that nobody spoke of.
"""

import re

_ALL = re.compile(r"\b(all|everything|every|any|whole|entire|complete(?:ly)?|total(?:ly)?)\b", re.IGNORECASE)
_ONLY = re.compile(
    r"\b(?:only(?! then| after| when| if| once)|nothing (?:else|more)|older than|(?:from )?before (?:19|20)\d\d|"
    r"(?:keep|keeping|not|except(?: for)?|apart from|without (?:closing|deleting)) (?:my|the) (?:\w+ )?account)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(?:histor(?:y|ies)|brows(?:ed|ing)|view(?:ed|ing)s?|looked at|clicks?|search(?:es|ed)?|"
    r"track(?:ed|ing)|record(?:ed|ings?)|behaviou?r(?:al)?|activit(?:y|ies)|wish ?lists?|basket|reviews?|comments?|"
    r"photos?|pictures?|ratings?|phone(?: number)?|(?:mobile|telephone) number|card|"
    r"(?:credit|payment|bank|debit) (?:card|details)s?|address(?:es)?|birthday|date of birth|cart|cookies?|"
    r"(?:this|our|the) (?:chat|conversation))\b",
    re.IGNORECASE,
)


def names_part(words: str) -> bool:
    """Whether somebody who asks for a deletion speaks of less than everything."""
    plain = words.replace("’", "'")
    return bool(_ONLY.search(plain) or (_PART.search(plain) and not _ALL.search(plain)))
