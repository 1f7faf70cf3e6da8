"""Turns each message into a sentence vector that says what it is about, typed words aside."""

import functools
import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Text

import numpy
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.engine import plain_text
from bot.engine.plain_text import symbols_named

BATCH = 16


class EncoderMissing(RuntimeError):
    """``models/encoder`` is not there or not whole."""


class Encoder:
    """The ONNX network and its tokenizer; one thread, so that processes and not threads share the machine."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        try:
            description = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
            self.width = int(description["width"])
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise EncoderMissing(
                f"The sentence encoder is missing in {folder}. Run: python -m bot.engine.build_encoder"
            ) from error
        self._tokenizer.enable_truncation(int(description["max_tokens"]))
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> numpy.ndarray:
        """Vectors of length one, shape (number of texts, width); texts of similar length are encoded together."""
        vectors = numpy.zeros((len(texts), self.width), dtype=numpy.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            encoded = self._tokenizer.encode_batch([symbols_named(texts[index]) for index in chosen])
            feed = {
                "input_ids": numpy.array([one.ids for one in encoded], dtype=numpy.int64),
                "attention_mask": numpy.array([one.attention_mask for one in encoded], dtype=numpy.int64),
            }
            vectors[chosen] = self._session.run(["sentence"], feed)[0]
        return vectors


@functools.lru_cache(maxsize=2)
def encoder_in(folder: str) -> Encoder:
    """The encoder of a folder, loaded once per process."""
    return Encoder(Path(folder))


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER], is_trainable=False)
class SentenceEncoder(DenseFeaturizer, GraphComponent):
    """Adds one dense sentence feature to each message."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """``path`` is the folder that ``build_encoder`` wrote."""
        return {**DenseFeaturizer.get_default_config(), "path": "models/encoder"}

    @staticmethod
    def required_packages() -> List[Text]:
        """Versions of these packages are part of the training fingerprint."""
        return ["onnxruntime", "tokenizers"]

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """A changed encoder or a change in this file means training again."""
        description = Path(config.get("path", cls.get_default_config()["path"])) / "encoder.json"
        known = description.read_bytes() if description.is_file() else b"missing"
        return hashlib.sha256(known + Path(__file__).read_bytes() + Path(plain_text.__file__).read_bytes()).hexdigest()

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        """Nothing can be wrong but the path, and loading says so."""

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "SentenceEncoder":
        """Makes the component; the network itself is loaded once and shared."""
        return cls(execution_context.node_name, config)

    def __init__(self, name: Text, config: Dict[Text, Any]) -> None:
        super().__init__(name, config)
        self._encoder = encoder_in(config["path"])

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Encodes all examples in batches."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        """Adds the sentence vector to each message that has text."""
        with_text = [message for message in messages if message.get(TEXT) is not None]
        vectors = self._encoder.encode([message.get(TEXT) for message in with_text])
        for message, vector in zip(with_text, vectors, strict=True):
            message.add_features(Features(vector[None, :], FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
        return messages
