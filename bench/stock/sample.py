"""Some phrases of each label, always the same, as an NLU file: what stock Rasa can learn in minutes, not hours.

python bench/stock/sample.py TARGET    writes TARGET/nlu.yml
"""

import random
import sys
from collections import defaultdict
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

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


def main() -> None:
    """Command line."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    blocks = [
        {"intent": label, "examples": "".join(f"- {phrase}\n" for phrase in phrases)}
        for label, phrases in sampled().items()
    ]
    text = yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True, sort_keys=False, width=1000)
    (target / "nlu.yml").write_text(text, encoding="utf-8")
    print(f"{sum(len(phrases) for phrases in sampled().values())} phrases")


if __name__ == "__main__":
    main()
