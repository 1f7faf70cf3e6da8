"""Reads what a person wants from their message, with a confidence that means something."""

import hashlib
import json
import re
import unicodedata
from pathlib import Path
from typing import Any, Dict, List, Optional, Text, Tuple

import numpy
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as RasaIntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.engine import adaptation, linear_model, plain_text, rivals, text_features
from bot.engine.linear_model import LinearModel

FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"
# What it is given for nobody can know: a code, an order, a phone. Shorter ones have meanings ("10-4" is a yes).
_ONLY_A_NUMBER = re.compile(r"[\W_]*(?:(?:\d[\W_]*){4,}|(?:‹(?:phone|card|iban|number|date)›[\W_]*)+)")
_DENIAL = r"\b(?:don'?t|do not|doesn'?t|never|not|nothing|no lo\w*r|without)\b(?:\s+[\w']+){0,4}?\s+(?:%s)\w*"
_REMOVING = re.compile(_DENIAL % "delet|eras|remov|clos|cancel|wip|terminat|deactivat")
_DENIED_WISH = {
    "request_erasure": _REMOVING,
    "cancel_account": _REMOVING,
    "request_anonymisation": re.compile(_DENIAL % "anonym|depersonali|pseudonym"),
}
COMMITTING = {"affirm", *_DENIED_WISH}
_NEGATION = re.compile(r"\b(?:no|not|never|nothing|without|(?:do|does|did|is|was|wo|ca|should|would|could)n'?t)\b")
_HARMLESS_NEGATION = re.compile(
    r"\b(?:not|n't) (?:so |very |at all )?(?:happy|satisfied)\b|\bwithout (?:any |undue |further )*delay\b"
    r"|\b(?:don'?t|do not|no longer) (?:want|need|use|like) (?:this|that|the|my|an?|any) (?:account|user|profile)\b"
)
_ASKED = 0.2
LABELS = "label_chances"
ASK_POLICY = "ask_policy"
_FILE = "intents.npz"


def source_fingerprint(*modules: Any) -> str:
    """Changes whenever one of the modules that a trained component rests on changes."""
    digest = hashlib.sha256()
    for module in modules:
        digest.update(Path(module.__file__).read_bytes())
    return digest.hexdigest()


def sentence_vectors(messages: List[Message]) -> numpy.ndarray:
    """Sentence vectors that the encoder left on the messages, shape (number of messages, width)."""
    rows = []
    for message in messages:
        _, sentence = message.get_dense_features(TEXT, [])
        if sentence is None:
            raise ValueError("The pipeline needs bot.engine.sentence_encoder.SentenceEncoder before this component.")
        rows.append(sentence.features[0])
    return numpy.array(rows)


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=True)
class IntentClassifier(GraphComponent, RasaIntentClassifier):
    """Linear classifier trained on full labels; an intent's confidence is the sum over its labels.

    Each ``ask_policy/<clause>`` is a label of its own while learning: a question about security and one about minors
    have little in common but that they are questions, so one class for all of them would be hard to separate.

    A reading below ``threshold`` becomes ``nlu_fallback``; one that destroys data, and a yes, which may be the yes to
    that, need ``committing_threshold``; where a negation stands in the text, a destructive reading needs
    ``negated_threshold``, and one that is plainly denied ("never delete it") is no reading at all: the person is asked.
    Taking back consent and objecting need ``changing_threshold`` together, and no wish of these is acted on beside a
    rival of ``rival_threshold`` (``bot/engine/rivals.py``).
    An unsure wish that may as well be a question ("can my data be deleted") is read as the question: its answer harms
    nobody and leads on to the wish.
    The ranking keeps the readings, so that the bot can offer them as choices. Confidence is calibrated: of readings
    around 0.6 about six in ten are right. Hence 0.3 rejects only what is mostly wrong, and 0.6 for committing
    readings costs a fifth of a percent of all readings (both measured with models that had seen a third of the
    phrases).
    """

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """Thresholds are probabilities; ``ranking_length`` counts intents."""
        return {
            "threshold": 0.3,
            "committing_threshold": 0.6,
            "negated_threshold": 0.85,
            "changing_threshold": 0.5,
            "rival_threshold": 0.25,
            "ranking_length": 10,
        }

    @staticmethod
    def required_packages() -> List[Text]:
        """Versions of these packages are part of the training fingerprint."""
        return ["sklearn", "scipy"]

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """A change in the shared numerical modules means training again."""
        return source_fingerprint(linear_model, text_features, plain_text)

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "IntentClassifier":
        """An untrained classifier."""
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
        if model is not None:
            self._intents, self._sums = intent_sums(model.labels)

    def train(self, training_data: TrainingData) -> Resource:
        """Learns from all labelled phrases and stores the model."""
        examples = [one for one in training_data.intent_examples if one.get(TEXT)]
        labels = [one.get(INTENT_RESPONSE_KEY) or one.get(INTENT) for one in examples]
        if len(set(labels)) < 2:
            raise ValueError("The intent classifier needs phrases of at least two intents in data/nlu/.")
        model, _ = LinearModel.learnt_from(
            [one.get(TEXT) for one in examples], sentence_vectors(examples), labels, adaptation.flattery()
        )
        with self._storage.write_to(self._resource) as folder:
            model.save(folder / _FILE)
            (folder / "intents.json").write_text(json.dumps({"phrases": len(examples), "labels": len(model.labels)}))
        self.__init__(self._config, self._storage, self._resource, model)  # type: ignore[misc]
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "IntentClassifier":
        """Reads the trained model; a missing or damaged file is an error, never an untrained classifier."""
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, LinearModel.load(folder / _FILE))

    def process(self, messages: List[Message]) -> List[Message]:
        """Sets ``intent`` and ``intent_ranking`` of each message."""
        if self._model is None:
            raise ValueError("The intent classifier is not trained.")
        chances = self._model.chances([one.get(TEXT) for one in messages], sentence_vectors(messages))
        for message, row in zip(messages, chances, strict=True):
            message.set(LABELS, dict(zip(self._model.labels, row.tolist(), strict=True)))
            intent, ranking = self.reading(message.get(TEXT), row @ self._sums)
            message.set(INTENT, intent, add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def reading(self, text: str, chances: numpy.ndarray) -> Tuple[Dict[Text, Any], List[Dict[Text, Any]]]:
        """The chosen intent and the ranking for the intents' probabilities."""
        order = numpy.argsort(-chances, kind="stable")[: self._config["ranking_length"]]
        ranking = [{"name": self._intents[index], "confidence": round(float(chances[index]), 4)} for index in order]
        best = ranking[0]
        if self._is_denied(best["name"], text):
            return {"name": FALLBACK, "confidence": 1.0}, ranking
        if not _says_something(text):
            return {"name": FALLBACK, "confidence": 1.0}, ranking
        if _ONLY_A_NUMBER.fullmatch(text):
            return {"name": OUT_OF_SCOPE, "confidence": 1.0}, ranking
        mixed_up = rivals.is_between_rivals(
            ranking, self._config["changing_threshold"], self._config["rival_threshold"]
        )
        if best["confidence"] >= self._needed(best["name"], text) and not mixed_up:
            return dict(best), ranking
        if best["name"] in _DENIED_WISH and ranking[1]["name"] == ASK_POLICY and ranking[1]["confidence"] >= _ASKED:
            return dict(ranking[1]), ranking
        return {"name": FALLBACK, "confidence": round(1.0 - best["confidence"], 4)}, ranking

    def _needed(self, intent: str, text: str) -> float:
        """The confidence from which a reading is acted on."""
        if intent in _DENIED_WISH and _NEGATION.search(_without_harmless_negations(text)):
            return float(self._config["negated_threshold"])
        return float(self._config["committing_threshold" if intent in COMMITTING else "threshold"])

    @staticmethod
    def _is_denied(intent: str, text: str) -> bool:
        """Whether a destructive wish is denied in the same breath."""
        denial = _DENIED_WISH.get(intent)
        return denial is not None and denial.search(_without_harmless_negations(text)) is not None


def _without_harmless_negations(text: str) -> str:
    return _HARMLESS_NEGATION.sub(" - ", plain_text.folded(text))


def _says_something(text: str) -> bool:
    """Whether there is a letter, a digit or a symbol such as a thumb in it, and not punctuation alone."""
    return any(
        unicodedata.category(character)[0] in "LN" or unicodedata.category(character) == "So" for character in text
    )


def intent_sums(labels: List[str]) -> Tuple[List[str], numpy.ndarray]:
    """Names of the intents and the matrix (labels, intents) that adds their labels' probabilities up."""
    intents = sorted({label.split("/", 1)[0] for label in labels})
    sums = numpy.zeros((len(labels), len(intents)))
    for row, label in enumerate(labels):
        sums[row, intents.index(label.split("/", 1)[0])] = 1.0
    return intents, sums
