"""What each part of reading is worth: phrases read by models that were fitted without them, as a Markdown table.

Runs in the engine's runtime (make ablation): every phrase of data/nlu is read by a model of the other folds. The
encoder is the published one: the adapted one has seen every phrase, in whichever fold it is.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

import numpy

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bot.engine import linear_model  # noqa: E402
from bot.engine.linear_model import LinearModel  # noqa: E402

NEIGHBOURS, VOTES = 10, 0.3
OTHER_ENCODERS = {
    "vector of the first token": {"pooling": "first"},
    "greatest numbers of all tokens": {"pooling": "greatest"},
    "weights of 8 bits": {"small": True},
}


def measured(chances, truth, intents):
    """Share of right labels and of right intents, log loss, and by how much confidence misses accuracy."""
    best = chances.argmax(axis=1)
    right, sure = best == truth, chances.max(axis=1)
    loss = -numpy.log(chances[numpy.arange(len(truth)), truth] + 1e-12).mean()
    steps = numpy.minimum((sure * 10).astype(int), 9)
    missed = sum(abs(sure[steps == step].sum() - right[steps == step].sum()) for step in range(10)) / len(truth)
    return right.mean(), (intents[best] == intents[truth]).mean(), loss, missed


def with_neighbours(chances, vectors, truth, labels):
    """The same chances with the votes of the nearest other phrases mixed in."""
    mixed = numpy.empty_like(chances)
    for start in range(0, len(vectors), 500):
        alike = vectors[start : start + 500] @ vectors.T
        for row, some in enumerate(alike):
            some[start + row] = -1.0
            nearest = numpy.argpartition(-some, NEIGHBOURS)[:NEIGHBOURS]
            votes = numpy.bincount(truth[nearest], numpy.exp(20 * (some[nearest] - 1)), labels)
            mixed[start + row] = (1 - VOTES) * chances[start + row] + VOTES * votes / votes.sum()
    return mixed


def with_prototypes(vectors, encoder):
    """The same vectors with how near each is to the nearest sentence of every clause."""
    clauses = json.loads((PROJECT / "models" / "clauses.json").read_text(encoding="utf-8")).values()
    near = []
    for clause in clauses:
        sentences = [clause["title"], *re.split(r"(?<=[.;:])\s+", clause["text"])]
        near.append((vectors @ encoder.encode(sentences).T).max(axis=1))
    return numpy.hstack([vectors, numpy.array(near).T])


def variants(texts, labels, folder):
    """Name and out-of-fold chances of each variant; a changed encoder is built in a folder."""
    from bench.encoders import OtherEncoder
    from bot.engine import build_encoder
    from bot.engine.sentence_encoder import Encoder

    build_encoder.build(folder / "encoder", learnt=None)
    published = Encoder(folder / "encoder")
    vectors = published.encode(texts)
    names = sorted(set(labels))
    truth = numpy.array([names.index(label) for label in labels])
    _, whole = LinearModel.learnt_from(texts, vectors, labels)
    yield "as it is", whole
    yield "with votes of the nearest phrases", with_neighbours(whole, vectors, truth, len(names))
    share = linear_model.TEXT_SHARE
    linear_model.TEXT_SHARE = 0.0
    yield "sentence vectors alone", LinearModel.learnt_from(texts, vectors, labels)[1]
    linear_model.TEXT_SHARE = share
    yield "letters and words alone", LinearModel.learnt_from(texts, numpy.zeros_like(vectors), labels)[1]
    near = with_prototypes(vectors, published)
    yield "clause sentences as prototypes", LinearModel.learnt_from(texts, near, labels)[1]
    for name, other in OTHER_ENCODERS.items():
        others = OtherEncoder(folder / "encoder", folder, **other).encode(texts)
        yield name, LinearModel.learnt_from(texts, others, labels)[1]
    linear_model.best_temperature = lambda _scores, _truth: 1.0
    yield "without calibration", LinearModel.learnt_from(texts, vectors, labels)[1]


def table(texts, labels, folder):
    """The lines of the table."""
    names = sorted(set(labels))
    truth = numpy.array([names.index(label) for label in labels])
    intents = numpy.array([name.split("/", 1)[0] for name in names])
    yield "| model | right label | right intent | log loss | confidence off by |"
    yield "|---|---|---|---|---|"
    for name, chances in variants(texts, labels, folder):
        yield f"| {name} | " + " | ".join(f"{figure:.3f}" for figure in measured(chances, truth, intents)) + " |"


def main():
    """Command line."""
    from bot.engine import without_tensorflow

    without_tensorflow.install()
    from bench import rows

    labelled = list(rows.phrases(rows.TRAINING))
    texts, labels = [text for _, text in labelled], [label for label, _ in labelled]
    with tempfile.TemporaryDirectory() as folder:
        for line in table(texts, labels, Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
