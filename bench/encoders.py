"""Other ways to turn a sentence into a vector, for comparison: other pooling, and weights of 8 bits.

Runs in the engine's runtime.
"""

from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

from bot.engine.sentence_encoder import Encoder


class OtherEncoder(Encoder):
    """The encoder with another last step.

    Args:
        folder: Where the encoder stands.
        work: Where the changed graph goes.
        pooling: `mean` as it is, `first` (the vector of the first token) or `greatest` (the greatest of each number).
        small: Weights of 8 bits instead of 32.
    """

    def __init__(self, folder: Path, work: Path, pooling: str = "mean", small: bool = False) -> None:
        super().__init__(folder)
        graph = onnx.load(str(folder / "encoder.onnx"))
        last = [node.output[0] for node in graph.graph.node if node.op_type == "LayerNormalization"][-1]
        graph.graph.output.append(onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, None))
        path = work / "tokens.onnx"
        onnx.save(graph, str(path))
        if small:
            quantize_dynamic(path, work / "small.onnx", ["MatMul"], weight_type=QuantType.QInt8)
            path = work / "small.onnx"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self._tokens = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._pooling = pooling
        self._last = last
        self._session = self

    def run(self, _outputs: object, feed: dict[str, numpy.ndarray]) -> list[numpy.ndarray]:
        """The sentence vectors of a batch, as the session of the usual encoder gives them."""
        sentence, tokens = self._tokens.run(["sentence", self._last], feed)
        if self._pooling == "mean":
            return [sentence]
        shown = feed["attention_mask"][:, :, None]
        pooled = tokens[:, 0] if self._pooling == "first" else numpy.where(shown, tokens, -numpy.inf).max(axis=1)
        return [pooled / numpy.linalg.norm(pooled, axis=1, keepdims=True)]
