"""What somebody says who wants only a part of their data gone.

The desk can delete everything, or what the shop recorded by itself. Whoever names less than everything is asked which
of the two they mean, and a plain yes does not do: it would end an account that nobody spoke of.
"""

import re

_ALL = re.compile(r"\b(all|everything|every|any|whole|entire|complete(?:ly)?|total(?:ly)?)\b", re.IGNORECASE)
_ONLY = re.compile(
    r"\b(?:only|nothing (?:else|more)|(?:keep|keeping|not|without (?:closing|deleting)) (?:my|the) (?:\w+ )?account)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(?:histor(?:y|ies)|brows(?:ed|ing)|view(?:ed|ing)s?|looked at|clicks?|search(?:es|ed)?|"
    r"track(?:ed|ing)|record(?:ed|ings?)|behaviou?r(?:al)?|activit(?:y|ies)|wish ?lists?|basket|reviews?|comments?|"
    r"photos?|pictures?|ratings?)\b",
    re.IGNORECASE,
)


def names_part(words: str) -> bool:
    """Whether somebody who asks for a deletion speaks of less than everything."""
    plain = words.replace("’", "'")
    return bool(_ONLY.search(plain) or (_PART.search(plain) and not _ALL.search(plain)))
