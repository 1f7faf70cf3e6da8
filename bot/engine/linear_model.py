"""A calibrated linear classifier over sentence vectors and text features, stored as plain arrays."""

from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.extmath import randomized_svd

from bot.engine.text_features import TextFeatures

SEED = 7
STRENGTH = 20.0
TEXT_SHARE = 0.6
AXES = 300
FOLDS = 3
ROUNDS = 25
FEWEST_STEPS = 1500
BATCH = 256
PACE = 0.02


def softmax(scores: numpy.ndarray) -> numpy.ndarray:
    """Row-wise probabilities."""
    shifted = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def best_temperature(scores: numpy.ndarray, truth: numpy.ndarray) -> float:
    """The divisor of scores under which confidence and share of right answers agree best (least log loss)."""

    def loss(log_temperature: float) -> float:
        chances = softmax(scores / numpy.exp(log_temperature))
        return -float(numpy.log(chances[numpy.arange(len(truth)), truth] + 1e-12).mean())

    return float(numpy.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


class LinearModel:
    """Multinomial logistic regression whose probabilities are calibrated by one temperature."""

    def __init__(
        self,
        labels: Sequence[str],
        dense_weights: numpy.ndarray,
        text_weights: numpy.ndarray,
        bias: numpy.ndarray,
        temperature: float,
        features: TextFeatures,
    ) -> None:
        self.labels = list(labels)
        self.dense_weights = dense_weights
        self.text_weights = text_weights
        self.bias = bias
        self.temperature = temperature
        self.features = features

    @classmethod
    def learnt_from(
        cls, texts: Sequence[str], vectors: numpy.ndarray, labels: Sequence[str], flattery: float = 1.0
    ) -> Tuple["LinearModel", numpy.ndarray]:
        """Fits on all phrases; the temperature comes from phrases that a fold has not seen.

        The text features are first turned onto their main axes: the fit then takes seconds instead of minutes and
        generalises at least as well. The axes are folded back into the weights, so predicting knows nothing of them.

        Args:
            texts: the phrases.
            vectors: their sentence vectors, shape (number of phrases, width).
            labels: the label of each phrase.
            flattery: by how much an encoder that has seen the phrases makes the unseen ones look too sure
                (``bot.engine.adaptation.flattery``).

        Returns:
            The model, and for each phrase the calibrated probabilities given by a model trained without it.
        """
        names = sorted(set(labels))
        truth = numpy.array([names.index(label) for label in labels])
        features = TextFeatures.learnt_from(texts)
        counted = features.of(texts)
        axes = main_axes(counted)
        joined = numpy.hstack([vectors, (counted @ axes) * TEXT_SHARE])
        scores = unseen_scores(joined, truth, len(names))
        temperature = best_temperature(scores, truth) * flattery
        weights, bias = fit(joined, truth)
        width = vectors.shape[1]
        text_weights = (axes @ weights[:, width:].T) * TEXT_SHARE
        model = cls(
            names,
            weights[:, :width].T.astype(numpy.float32),
            text_weights.astype(numpy.float32),
            bias.astype(numpy.float32),
            temperature,
            features,
        )
        return model, softmax(scores / temperature)

    def chances(self, texts: Sequence[str], vectors: numpy.ndarray) -> numpy.ndarray:
        """Calibrated probabilities, shape (number of texts, number of labels)."""
        scores = vectors @ self.dense_weights + self.features.of(texts) @ self.text_weights + self.bias
        return softmax(numpy.asarray(scores, dtype=numpy.float64) / self.temperature)

    def save(self, path: Path) -> None:
        """Writes one ``.npz`` file without pickled objects."""
        arrays: Dict[str, numpy.ndarray] = {
            "labels": numpy.array(self.labels),
            "dense_weights": self.dense_weights,
            "text_weights": self.text_weights,
            "bias": self.bias,
            "temperature": numpy.array(self.temperature),
            **self.features.as_arrays(),
        }
        numpy.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> "LinearModel":
        """Reads what :meth:`save` wrote; a file with pickled objects is refused."""
        with numpy.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        labels: List[str] = arrays["labels"].tolist()
        return cls(
            labels,
            arrays["dense_weights"],
            arrays["text_weights"],
            arrays["bias"],
            float(arrays["temperature"]),
            TextFeatures.from_arrays(arrays),
        )


def main_axes(counted: sparse.csr_matrix) -> numpy.ndarray:
    """Orthonormal axes along which the text features vary most, shape (number of features, at most AXES)."""
    number = min(AXES, min(counted.shape))
    return randomized_svd(counted, number, random_state=SEED)[2].T


def fit(joined: numpy.ndarray, truth: numpy.ndarray) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """Weights (labels, features) and bias (labels,) of multinomial logistic regression, fitted in small batches (Adam).

    On fifteen thousand phrases this takes seconds where a full-batch solver takes minutes, and reads no worse.
    """
    chance = numpy.random.RandomState(SEED)
    given = numpy.hstack([joined, numpy.ones((len(joined), 1))]).astype(numpy.float32)
    rounds = max(ROUNDS, FEWEST_STEPS * BATCH // len(given))
    weights = numpy.zeros((given.shape[1], int(truth.max()) + 1), dtype=numpy.float32)
    mean, spread, step = numpy.zeros_like(weights), numpy.zeros_like(weights), 0
    for done in range(rounds):
        pace = PACE * (1 - done / rounds)
        order = chance.permutation(len(given))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            slope = _slope(weights, given[chosen], truth[chosen], len(given))
            step += 1
            mean += 0.1 * (slope - mean)
            spread += 0.001 * (slope * slope - spread)
            weights -= pace * (mean / (1 - 0.9**step)) / (numpy.sqrt(spread / (1 - 0.999**step)) + 1e-8)
    return weights[:-1].T, weights[-1]


def _slope(weights: numpy.ndarray, given: numpy.ndarray, truth: numpy.ndarray, phrases: int) -> numpy.ndarray:
    """Gradient of the log loss of a batch, and of the penalty on large weights (the bias is free)."""
    wrong = softmax(given @ weights)
    wrong[numpy.arange(len(truth)), truth] -= 1
    slope: numpy.ndarray = given.T @ wrong / len(given)
    slope[:-1] += weights[:-1] / (STRENGTH * phrases)
    return slope


def unseen_scores(joined: numpy.ndarray, truth: numpy.ndarray, labels: int) -> numpy.ndarray:
    """Scores of each phrase by a model that was fitted without it, shape (number of phrases, labels)."""
    scores = numpy.full((len(joined), labels), -20.0)
    smallest = int(numpy.bincount(truth).min())
    folds = StratifiedKFold(max(2, min(FOLDS, smallest)), shuffle=True, random_state=SEED)
    for known, unseen in folds.split(joined, truth):
        weights, bias = fit(joined[known], truth[known])
        scores[unseen, : len(bias)] = joined[unseen] @ weights.T + bias
    return scores
