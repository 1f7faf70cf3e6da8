"""The sentence encoder in JAX, so that it can learn: the published weights stay, small matrices beside them are learnt.

The same six layers as `bot/engine/encoder_graph.py`. Beside each linear layer runs a way through a few numbers only,
y = Wx + BAx ("LoRA", Hu et al. 2021, https://arxiv.org/abs/2106.09685): what is learnt fits into a small file, and is
added to the published weights once, when the encoder is built.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy

LAYERS = 6
HEADS = 12
WIDTH = 384
EPSILON = 1e-12
_LINEAR = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)

Weights = Mapping[str, Any]
Ways = dict[str, dict[str, Any]]


def linear_layers() -> Iterator[str]:
    """Names of all linear layers, as in the published weights."""
    for layer in range(LAYERS):
        for name in _LINEAR:
            yield f"encoder.layer.{layer}.{name}"


def new_ways(weights: Weights, rank: int, chance: numpy.random.Generator) -> Ways:
    """Ways that change nothing yet: `down` (inputs, rank) is random, `up` (rank, outputs) is zero."""
    ways = {}
    for name in linear_layers():
        outputs, inputs = weights[f"{name}.weight"].shape
        down = chance.normal(0.0, inputs**-0.5, (inputs, rank)).astype(numpy.float32)
        ways[name] = {"down": jnp.asarray(down), "up": jnp.zeros((rank, outputs), jnp.float32)}
    return ways


def sentence(weights: Weights, ways: Ways, ids: jax.Array, mask: jax.Array) -> jax.Array:
    """Vectors of length one, shape (texts, WIDTH), for token ids and mask of shape (texts, tokens)."""

    def dense(x: jax.Array, name: str) -> jax.Array:
        straight = x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
        return straight + x @ ways[name]["down"] @ ways[name]["up"]

    def normalised(x: jax.Array, name: str) -> jax.Array:
        middle = x.mean(-1, keepdims=True)
        spread = ((x - middle) ** 2).mean(-1, keepdims=True)
        return (x - middle) / jnp.sqrt(spread + EPSILON) * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def heads(x: jax.Array) -> jax.Array:
        return x.reshape(*x.shape[:2], HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)

    hidden = (1.0 - mask[:, None, None, :]) * -10000.0
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
    x = normalised(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for index in range(LAYERS):
        layer = f"encoder.layer.{index}"
        query, key, value = (heads(dense(x, f"{layer}.attention.self.{name}")) for name in ("query", "key", "value"))
        share = jax.nn.softmax(query @ key.transpose(0, 1, 3, 2) / (WIDTH // HEADS) ** 0.5 + hidden, axis=-1)
        mixed = (share @ value).transpose(0, 2, 1, 3).reshape(x.shape)
        x = normalised(dense(mixed, f"{layer}.attention.output.dense") + x, f"{layer}.attention.output.LayerNorm")
        inner = jax.nn.gelu(dense(x, f"{layer}.intermediate.dense"), approximate=False)
        x = normalised(dense(inner, f"{layer}.output.dense") + x, f"{layer}.output.LayerNorm")
    mean = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
    return mean / jnp.linalg.norm(mean, axis=1, keepdims=True)
