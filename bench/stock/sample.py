"""Some phrases of each label, always the same, as an NLU file: what stock Rasa can learn in minutes, not hours.

`make stock` learns from them; a sample that has not changed is left as it lies, with the model made of it.
"""

import random
from collections import defaultdict
from pathlib import Path

import yaml

from bench import rows

PER_INTENT, PER_CLAUSE = 45, 25


def sampled() -> dict[str, list[str]]:
    """Phrases by label: at most 45 of an intent, 25 of a clause or of a topic that the policy is silent on."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for label, phrase in rows.phrases(rows.TRAINING):
        by_label[label].append(phrase)
    chosen = {}
    for label, phrases in by_label.items():
        number = PER_CLAUSE if label.startswith(rows.ASK_POLICY + "/") else PER_INTENT
        chosen[label] = random.Random(label).sample(phrases, min(number, len(phrases)))
    return chosen


def write(target: Path) -> int:
    """Write `nlu.yml` into a folder, unless it says the same already.

    Returns:
        How many phrases it has.
    """
    chosen = sampled()
    blocks = [
        {"intent": label, "examples": "".join(f"- {phrase}\n" for phrase in phrases)}
        for label, phrases in chosen.items()
    ]
    text = yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True, sort_keys=False, width=1000)
    file = target / "nlu.yml"
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        target.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return sum(map(len, chosen.values()))
