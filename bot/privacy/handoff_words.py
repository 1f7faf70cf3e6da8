"""What somebody who waits for a person says about that."""

import re

_SOMEBODY = r"(?:person|human|agent|anybody|anyone|somebody|someone|staff|colleague)"
# Where the words leave a doubt, the place is kept and a button offers to leave it: "no, I want a human" means the bot.
_NOT_NEEDED = re.compile(
    r"\b(?:(?:(?:do not|don['’]?t|no longer) (?:really )?(?:need|want|require)|no need)"
    r"(?:\s+(?:to|for|of|talk|speak|chat|with|the|an?|any|another|real|live|human|help|from))*"
    rf"|never ?mind(?:\s+(?:the|an?|any))?)\s+{_SOMEBODY}\b(?!\W+(?:not|but|who|to)\b)"
    rf"|\b(?:no|not) (?:longer |more )?(?:{_SOMEBODY} )?(?:is )?needed\b",
    re.IGNORECASE,
)


def needs_nobody(words: str) -> bool:
    """Whether somebody says that no person is needed, or not any more."""
    return _NOT_NEEDED.search(words) is not None
