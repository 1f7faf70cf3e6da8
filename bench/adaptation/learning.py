"""Lets the encoder learn to tell the labels of the phrases apart."""

import random
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy
import optax
from tokenizers import Tokenizer

from bench.adaptation.network import WIDTH, Ways, Weights, new_ways, sentence

RANK = 16
ROUNDS = 3
BATCH = 32
PACE, HEAD_PACE = 1e-3, 1e-2
WEIGHT_DECAY = 0.01
SPREAD = 16.0
"""Vectors have length one; so much longer, a score per label can become sure."""
SLIPS = 0.2
"""The share of phrases that are learnt with slips of the finger in them."""
LETTERS_FOR_A_SLIP = 25
SEED = 7
_LENGTHS = (8, 12, 16, 24, 40, 128)
_ALIKE = 32
"""So many batches are filled from one pool, sorted by length, so that little room is lost."""

Progress = Callable[[int, int, float], None]


@dataclass(frozen=True)
class Phrases:
    """Texts as the encoder sees them, and the number of the label of each."""

    texts: Sequence[str]
    labels: numpy.ndarray

    def some(self, chosen: numpy.ndarray) -> "Phrases":
        """Those at these places."""
        return Phrases([self.texts[at] for at in chosen], self.labels[chosen])


class Reader:
    """The published network and its tokenizer."""

    def __init__(self, weights: Weights, tokenizer: Tokenizer) -> None:
        self._weights = {name: jnp.asarray(value, jnp.float32) for name, value in weights.items()}
        self._tokenizer = tokenizer
        self._sentence = jax.jit(sentence)

    def learnt_from(self, phrases: Phrases, progress: Progress) -> Ways:
        """Ways beside the linear layers with which the labels of these phrases are told apart best.

        Args:
            phrases: What to learn from.
            progress: Is told after each batch how many were done, of how many, and the loss.
        """
        chance = numpy.random.default_rng(SEED)
        slips = random.Random(SEED)
        labels = int(phrases.labels.max()) + 1
        head = {"weights": jnp.zeros((WIDTH, labels)), "bias": jnp.zeros(labels)}
        learnt = {"ways": new_ways(self._weights, RANK, chance), "head": head}
        steps = ROUNDS * (len(phrases.texts) // BATCH)
        rule = _rule(steps)
        state = rule.init(learnt)

        @jax.jit
        def step(learnt, state, weights, ids, mask, truth):
            loss, slope = jax.value_and_grad(_loss)(learnt, weights, ids, mask, truth)
            change, state = rule.update(slope, state, learnt)
            return optax.apply_updates(learnt, change), state, loss

        done = 0
        for _ in range(ROUNDS):
            for chosen in _batches(phrases.texts, chance):
                texts = [phrases.texts[at] for at in chosen]
                ids, mask = self._tokens(
                    [with_slips(text, slips) if slips.random() < SLIPS else text for text in texts]
                )
                learnt, state, loss = step(learnt, state, self._weights, ids, mask, phrases.labels[chosen])
                done += 1
                progress(done, steps, float(loss))
        return learnt["ways"]

    def vectors(self, texts: Sequence[str], ways: Ways) -> numpy.ndarray:
        """Sentence vectors, shape (texts, WIDTH)."""
        found = numpy.zeros((len(texts), WIDTH), numpy.float32)
        order = numpy.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            full = [texts[at] for at in chosen] + [""] * (BATCH - len(chosen))
            found[chosen] = numpy.asarray(self._sentence(self._weights, ways, *self._tokens(full)))[: len(chosen)]
        return found

    def _tokens(self, texts: Sequence[str]) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Token ids and mask; of few different shapes, since each shape is compiled once."""
        encoded = self._tokenizer.encode_batch(list(texts))
        length = next(length for length in _LENGTHS if length >= max(len(one.ids) for one in encoded))
        ids = numpy.zeros((len(encoded), length), numpy.int32)
        mask = numpy.zeros((len(encoded), length), numpy.float32)
        for row, one in enumerate(encoded):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
        return ids, mask


def tokenizer_of(path: str) -> Tokenizer:
    """The published tokenizer, cutting what no phrase is long enough for."""
    tokenizer = Tokenizer.from_file(path)
    tokenizer.enable_truncation(_LENGTHS[-1])
    tokenizer.no_padding()
    return tokenizer


def with_slips(text: str, chance: random.Random) -> str:
    """The text as a hurried person types it: letters swapped, left out, doubled, or another one hit."""
    letters = list(text)
    for _ in range(1 + len(text) // LETTERS_FOR_A_SLIP):
        if len(letters) < 3:
            break
        at = chance.randrange(len(letters) - 1)
        kind = chance.choice(("swapped", "left out", "doubled", "another"))
        if kind == "swapped":
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        elif kind == "left out":
            del letters[at]
        elif kind == "doubled":
            letters.insert(at, letters[at])
        else:
            letters[at] = chance.choice(string.ascii_lowercase)
    return "".join(letters)


def _loss(learnt, weights, ids, mask, truth):
    vectors = sentence(weights, learnt["ways"], ids, mask)
    scores = SPREAD * vectors @ learnt["head"]["weights"] + learnt["head"]["bias"]
    return optax.softmax_cross_entropy_with_integer_labels(scores, truth).mean()


def _rule(steps: int) -> optax.GradientTransformation:
    """Adam, slower at the beginning and towards the end; the new head moves faster than the ways."""
    pace = optax.warmup_cosine_decay_schedule(0.0, 1.0, max(1, steps // 20), steps)
    rules = {
        "ways": optax.adamw(lambda step: PACE * pace(step), weight_decay=WEIGHT_DECAY),
        "head": optax.adam(lambda step: HEAD_PACE * pace(step)),
    }
    return optax.multi_transform(rules, {"ways": "ways", "head": "head"})


def _batches(texts: Sequence[str], chance: numpy.random.Generator) -> Iterator[numpy.ndarray]:
    """Places of the texts of each batch: all once, by chance, those of similar length together."""
    lengths = numpy.array([len(text) for text in texts])
    order = chance.permutation(len(texts))
    for start in range(0, len(order), BATCH * _ALIKE):
        pool = order[start : start + BATCH * _ALIKE]
        pool = pool[numpy.argsort(lengths[pool], kind="stable")]
        batches = [pool[at : at + BATCH] for at in range(0, len(pool) - BATCH + 1, BATCH)]
        for number in chance.permutation(len(batches)):
            yield batches[number]
