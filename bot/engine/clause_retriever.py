"""Finds the clauses that answer a question about the policy, or says that the policy does not answer it."""

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Text

import numpy
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as RasaIntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.engine import linear_model, plain_text, text_features
from bot.engine.intent_classifier import sentence_vectors, source_fingerprint
from bot.engine.linear_model import LinearModel

POLICY = "policy"
ASK_POLICY = "ask_policy"
NOT_COVERED = "not_covered_"
OUTSIDE = "outside"
OUTSIDE_INTENTS = frozenset({"shop_question", "out_of_scope"})
_FILE = "clauses.npz"


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=True)
class ClauseRetriever(GraphComponent, RasaIntentClassifier):
    """Ranks the clauses for messages read as ``ask_policy`` and decides whether the policy covers the question.

    Learns from the phrases of ``ask_policy/<clause>`` and ``ask_policy/not_covered_<topic>`` and from questions that
    are not about the policy at all. The clauses' own wording was tried as further examples and changed nothing; the
    file ``models/clauses.json`` only says which clauses exist.
    """

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """``covered_threshold`` is the least total probability of all clauses at which one is shown.

        0.55 was chosen with models that had seen a third of the phrases: lower, wrong answers grow faster than
        right ones; at 0.6 and above, right answers go missing one for one.
        """
        return {"clauses": "models/clauses.json", "covered_threshold": 0.55, "best_threshold": 0.2, "shown": 3}

    @staticmethod
    def required_packages() -> List[Text]:
        """Versions of these packages are part of the training fingerprint."""
        return ["sklearn", "scipy"]

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Changed clauses or numerical modules mean training again."""
        path = Path(config.get("clauses", cls.get_default_config()["clauses"]))
        clauses = path.read_bytes() if path.is_file() else b""
        return hashlib.sha256(clauses).hexdigest() + source_fingerprint(linear_model, text_features, plain_text)

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "ClauseRetriever":
        """An untrained retriever."""
        return cls(config, model_storage, resource)

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: Optional[LinearModel] = None,
    ) -> None:
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._model = model

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the clauses and stores the model.

        Raises:
            ValueError: there are phrases for a clause that no version of the policy has.
        """
        examples = [one for one in training_data.intent_examples if one.get(TEXT) and _label(one)]
        labels = [_label(one) for one in examples]
        self._check_clauses(set(labels))
        model: Optional[LinearModel] = None
        if len(set(labels)) >= 2:
            model, _ = LinearModel.learnt_from([one.get(TEXT) for one in examples], sentence_vectors(examples), labels)
        with self._storage.write_to(self._resource) as folder:
            if model is not None:
                model.save(folder / _FILE)
            (folder / "clauses.json").write_text(json.dumps({"phrases": len(examples)}))
        self._model = model
        return self._resource

    def _check_clauses(self, labels: Set[str]) -> None:
        path = Path(self._config["clauses"])
        if not path.is_file():
            return
        known = set(json.loads(path.read_text(encoding="utf-8")))
        unknown = sorted(label for label in labels - known if _is_clause(label))
        if unknown:
            raise ValueError(f"data/nlu has phrases for clauses that no policy has: {', '.join(unknown)}.")

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "ClauseRetriever":
        """Reads the trained model."""
        with model_storage.read_from(resource) as folder:
            path = folder / _FILE
            return cls(config, model_storage, resource, LinearModel.load(path) if path.is_file() else None)

    def process(self, messages: List[Message]) -> List[Message]:
        """Sets ``policy`` on each message whose intent is ``ask_policy``."""
        asked = [one for one in messages if (one.get(INTENT) or {}).get("name") == ASK_POLICY]
        if not asked:
            return messages
        if self._model is None:
            for message in asked:
                message.set(POLICY, _nothing(), add_to_output=True)
            return messages
        chances = self._model.chances([one.get(TEXT) for one in asked], sentence_vectors(asked))
        for message, row in zip(asked, chances, strict=True):
            message.set(POLICY, self.answer(row), add_to_output=True)
        return messages

    def answer(self, chances: numpy.ndarray) -> Dict[Text, Any]:
        """Clauses best first, and whether they answer the question."""
        assert self._model is not None
        named = sorted(zip(self._model.labels, chances.tolist(), strict=True), key=lambda pair: -pair[1])
        clauses = [pair for pair in named if _is_clause(pair[0])]
        topics = [pair for pair in named if pair[0].startswith(NOT_COVERED)]
        covered_mass = sum(chance for _, chance in clauses)
        covered = bool(
            clauses
            and covered_mass >= self._config["covered_threshold"]
            and clauses[0][1] >= self._config["best_threshold"]
        )
        topic = topics[0][0][len(NOT_COVERED) :] if topics and not covered else None
        return {
            "covered": covered,
            "confidence": round(covered_mass if covered else 1.0 - covered_mass, 4),
            "clauses": [{"id": name, "score": round(chance, 4)} for name, chance in clauses[: self._config["shown"]]],
            "topic": topic,
        }


def _label(example: Message) -> str:
    """Clause id, ``not_covered_<topic>``, ``outside``, or nothing for requests."""
    if example.get(INTENT) == ASK_POLICY:
        return str(example.get(INTENT_RESPONSE_KEY) or "").partition("/")[2]
    return OUTSIDE if example.get(INTENT) in OUTSIDE_INTENTS else ""


def _is_clause(label: str) -> bool:
    return label != OUTSIDE and not label.startswith(NOT_COVERED)


def _nothing() -> Dict[Text, Any]:
    return {"covered": False, "confidence": 0.0, "clauses": [], "topic": None}
