"""The words of the house: what stands in its own phrases, replies and policy can give nobody away."""

import re
from functools import lru_cache
from pathlib import Path

from bot.config import PROJECT

WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_TOKEN = re.compile(rf"{WORD}|\d+")


@lru_cache(maxsize=4)
def known_words(policies: Path) -> frozenset[str]:
    """Every word and number of the training phrases, of `domain.yml` and of the policy, as they are written there.

    Args:
        policies: The folder of the policy's versions.
    """
    files = [*(PROJECT / "data" / "nlu").glob("*.yml"), PROJECT / "domain.yml", *policies.glob("*.md")]
    return frozenset(word for file in files for word in _TOKEN.findall(file.read_text(encoding="utf-8")))
