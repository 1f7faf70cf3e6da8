"""Finds the clauses that answer a question about the policy, or says that the policy does not answer it."""

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Text

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as RasaIntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.engine.intent_classifier import ASK_POLICY, LABELS

POLICY = "policy"
NOT_COVERED = "not_covered_"
OUTSIDE_INTENTS = frozenset({"shop_question", "out_of_scope"})
_QUESTION = f"{ASK_POLICY}/"


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=True)
class ClauseRetriever(GraphComponent, RasaIntentClassifier):
    """Ranks the clauses for messages read as ``ask_policy`` and decides whether the policy covers the question.

    The intent classifier has learnt each ``ask_policy/<clause>`` and ``ask_policy/not_covered_<topic>`` as a label;
    given that the message is a question, their chances and those of being about something else altogether are all
    there is to weigh. A model of its own for the clauses was tried beside this and answered no better.
    """

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """``covered_threshold`` is the least total probability of all clauses at which one is shown.

        0.55 was chosen with models that had seen a third of the phrases: lower, wrong answers grow faster than
        right ones; at 0.6 and above, right answers go missing one for one. ``best_threshold`` is the least of the best
        clause alone; at 0.4 two of three wrong answers on the development rows are gone, and from 0.5 right ones go
        too. ``clauses`` names the file that says which clauses exist.
        """
        return {"clauses": "models/clauses.json", "covered_threshold": 0.55, "best_threshold": 0.4, "shown": 3}

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Changed clauses mean checking again that every phrase has its clause."""
        path = Path(config.get("clauses", cls.get_default_config()["clauses"]))
        return hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest()

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "ClauseRetriever":
        """A retriever with nothing to remember."""
        return cls(config, resource)

    def __init__(self, config: Dict[Text, Any], resource: Resource) -> None:
        self._config = config
        self._resource = resource

    def train(self, training_data: TrainingData) -> Resource:
        """Checks that the phrases are about clauses that exist; there is nothing to learn here.

        Raises:
            ValueError: there are phrases for a clause that no version of the policy has.
        """
        path = Path(self._config["clauses"])
        if path.is_file():
            known = set(json.loads(path.read_text(encoding="utf-8")))
            labels = {str(one.get(INTENT_RESPONSE_KEY) or "") for one in training_data.intent_examples}
            asked = {label[len(_QUESTION) :] for label in labels if _is_clause(label)}
            if asked - known:
                unknown = ", ".join(sorted(asked - known))
                raise ValueError(f"data/nlu has phrases for clauses that no policy has: {unknown}.")
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "ClauseRetriever":
        """The same as new."""
        return cls(config, resource)

    def process(self, messages: List[Message]) -> List[Message]:
        """Sets ``policy`` on each message whose intent is ``ask_policy``."""
        for message in messages:
            if (message.get(INTENT) or {}).get("name") == ASK_POLICY:
                message.set(POLICY, self.answer(message.get(LABELS) or {}), add_to_output=True)
        return messages

    def answer(self, chances: Mapping[Text, float]) -> Dict[Text, Any]:
        """Clauses best first, and whether they answer the question: ``covered``, or ``unclear`` which of them does.

        Args:
            chances: probability of each label the classifier knows, requests and all.
        """
        weighed = {name: chance for name, chance in chances.items() if _is_question(name) or name in OUTSIDE_INTENTS}
        total = sum(weighed.values()) or 1.0
        named = sorted(((name, chance / total) for name, chance in weighed.items()), key=lambda pair: -pair[1])
        clauses = [(name[len(_QUESTION) :], chance) for name, chance in named if _is_clause(name)]
        topics = [name[len(_QUESTION + NOT_COVERED) :] for name, _ in named if name.startswith(_QUESTION + NOT_COVERED)]
        mass = sum(chance for _, chance in clauses)
        about_clauses = bool(clauses) and mass >= self._config["covered_threshold"]
        covered = about_clauses and clauses[0][1] >= self._config["best_threshold"]
        return {
            "covered": covered,
            "unclear": about_clauses and not covered,
            "confidence": round(mass if about_clauses else 1.0 - mass, 4),
            "clauses": [{"id": name, "score": round(chance, 4)} for name, chance in clauses[: self._config["shown"]]],
            "topic": topics[0] if topics and not about_clauses else None,
        }


def _is_question(label: str) -> bool:
    return label.startswith(_QUESTION)


def _is_clause(label: str) -> bool:
    return _is_question(label) and not label.startswith(_QUESTION + NOT_COVERED)
