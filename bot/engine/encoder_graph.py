"""The sentence encoder as an ONNX graph, written node by node from the published weights.

The network is a six-layer BERT encoder with mean pooling and a unit-length result (all-MiniLM-L6-v2). Writing the
graph by hand spares PyTorch, which would otherwise be needed once just to export it.
"""

from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

LAYERS = 6
HEADS = 12
WIDTH = 384
OPSET = 17
EPSILON = 1e-12


class _Graph:
    """Collects the nodes and weights of the encoder."""

    def __init__(self, weights: Mapping[str, numpy.ndarray]) -> None:
        self.weights = weights
        self.nodes: List[NodeProto] = []
        self.constants: Dict[str, TensorProto] = {}

    def add(self, kind: str, inputs: Sequence[str], output: Optional[str] = None, **attributes: Any) -> str:
        """Appends one operation and returns the name of its result."""
        name = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, name: str, value: numpy.ndarray) -> str:
        """Stores a weight once under ``name``."""
        self.constants.setdefault(name, numpy_helper.from_array(numpy.ascontiguousarray(value), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant("i_" + "_".join(str(value) for value in values), numpy.array(values, dtype=numpy.int64))

    def number(self, value: float) -> str:
        return self.constant(f"f_{value}", numpy.array(value, dtype=numpy.float32))

    def dense(self, x: str, name: str) -> str:
        """A linear layer ``x @ W.T + b``."""
        weight = self.constant(f"{name}.weight", self.weights[f"{name}.weight"].T)
        bias = self.constant(f"{name}.bias", self.weights[f"{name}.bias"])
        return self.add("Add", [self.add("MatMul", [x, weight]), bias])

    def normalised(self, x: str, name: str) -> str:
        """Layer normalisation over the last axis."""
        scale = self.constant(f"{name}.weight", self.weights[f"{name}.weight"])
        shift = self.constant(f"{name}.bias", self.weights[f"{name}.bias"])
        return self.add("LayerNormalization", [x, scale, shift], axis=-1, epsilon=EPSILON)


def _embed(graph: _Graph) -> str:
    """Word, position and segment vectors of each token.

    The word table is half of all weights and is only looked up, never multiplied: kept in 16 bits and widened after
    the lookup it takes half the room and moves no result by a visible amount.
    """
    words = graph.constant("words", graph.weights["embeddings.word_embeddings.weight"].astype(numpy.float16))
    vectors = graph.add("Cast", [graph.add("Gather", [words, "input_ids"])], to=TensorProto.FLOAT)
    positions = graph.constant("positions", graph.weights["embeddings.position_embeddings.weight"])
    length = graph.add("Slice", [graph.add("Shape", ["input_ids"]), graph.integers(1), graph.integers(2)])
    placed = graph.add("Slice", [positions, graph.integers(0), length, graph.integers(0)])
    segment = graph.constant("segment", graph.weights["embeddings.token_type_embeddings.weight"][0])
    total = graph.add("Add", [graph.add("Add", [vectors, placed]), segment])
    return graph.normalised(total, "embeddings.LayerNorm")


def _attend(graph: _Graph, x: str, mask: str, layer: str) -> str:
    """Multi-head self-attention; padding is hidden by ``mask``."""
    split = graph.integers(0, 0, HEADS, WIDTH // HEADS)

    def head(name: str, order: List[int]) -> str:
        shaped = graph.add("Reshape", [graph.dense(x, f"{layer}.attention.self.{name}"), split])
        return graph.add("Transpose", [shaped], perm=order)

    scores = graph.add("MatMul", [head("query", [0, 2, 1, 3]), head("key", [0, 2, 3, 1])])
    scores = graph.add("Div", [scores, graph.number((WIDTH // HEADS) ** 0.5)])
    share = graph.add("Softmax", [graph.add("Add", [scores, mask])], axis=-1)
    mixed = graph.add("MatMul", [share, head("value", [0, 2, 1, 3])])
    joined = graph.add("Reshape", [graph.add("Transpose", [mixed], perm=[0, 2, 1, 3]), graph.integers(0, 0, WIDTH)])
    output = graph.dense(joined, f"{layer}.attention.output.dense")
    return graph.normalised(graph.add("Add", [output, x]), f"{layer}.attention.output.LayerNorm")


def _feed_forward(graph: _Graph, x: str, layer: str) -> str:
    """The two linear layers with a GELU between them."""
    inner = graph.dense(x, f"{layer}.intermediate.dense")
    curve = graph.add("Erf", [graph.add("Div", [inner, graph.number(2**0.5)])])
    gelu = graph.add(
        "Mul", [graph.add("Mul", [inner, graph.number(0.5)]), graph.add("Add", [curve, graph.number(1.0)])]
    )
    return graph.normalised(
        graph.add("Add", [graph.dense(gelu, f"{layer}.output.dense"), x]), f"{layer}.output.LayerNorm"
    )


def _pool(graph: _Graph, x: str, present: str) -> None:
    """Mean of the token vectors that are no padding, scaled to length one."""
    weight = graph.add("Unsqueeze", [present, graph.integers(2)])
    total = graph.add("ReduceSum", [graph.add("Mul", [x, weight]), graph.integers(1)], keepdims=0)
    count = graph.add("ReduceSum", [weight, graph.integers(1)], keepdims=0)
    mean = graph.add("Div", [total, count])
    length = graph.add("ReduceL2", [mean], axes=[1], keepdims=1)
    graph.add("Div", [mean, length], output="sentence")


def encoder_model(weights: Mapping[str, numpy.ndarray]) -> ModelProto:
    """Builds the graph: ``input_ids`` and ``attention_mask`` (batch, tokens) to ``sentence`` (batch, 384)."""
    graph = _Graph(weights)
    present = graph.add("Cast", ["attention_mask"], to=TensorProto.FLOAT)
    hidden = graph.add("Mul", [graph.add("Sub", [graph.number(1.0), present]), graph.number(-10000.0)])
    mask = graph.add("Unsqueeze", [hidden, graph.integers(1, 2)])
    x = _embed(graph)
    for index in range(LAYERS):
        layer = f"encoder.layer.{index}"
        x = _feed_forward(graph, _attend(graph, x, mask, layer), layer)
    _pool(graph, x, present)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("sentence", TensorProto.FLOAT, ["batch", WIDTH])
    proto = helper.make_graph(graph.nodes, "sentence-encoder", inputs, [output], list(graph.constants.values()))
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    checker.check_model(model)
    return model
