"""What the sentence encoder learnt from the phrases in ``data/nlu/``: small matrices, added to the published weights.

``make adapt`` (``bench/adaptation/``) learns them, which takes half an hour and packages that nothing else needs; so
the result is kept in ``adaptation.safetensors`` beside this file and only added here, whenever the encoder is built.
"""

from pathlib import Path
from typing import Dict, Mapping

import numpy

FILE = Path(__file__).with_name("adaptation.safetensors")


def adapted(weights: Mapping[str, numpy.ndarray], file: Path = FILE) -> Dict[str, numpy.ndarray]:
    """The weights with what was learnt: of a linear layer of shape (outputs, inputs) ``W + (down @ up).T``.

    Raises:
        KeyError: the file is about a layer that the weights do not have.
    """
    from safetensors.numpy import load_file

    learnt = load_file(file)
    changed = dict(weights)
    for name in sorted({key.rpartition(".")[0] for key in learnt}):
        down, up = (learnt[f"{name}.{part}"].astype(numpy.float32) for part in ("down", "up"))
        changed[f"{name}.weight"] = weights[f"{name}.weight"] + (down @ up).T
    return changed


def flattery(file: Path = FILE) -> float:
    """By how much confidence must be lowered, since this encoder has seen every phrase.

    A classifier that is tried on phrases it was fitted without seems surer than it is where the encoder has learnt from
    them. ``make adapt`` measures by how much, with an encoder that has not: the quotient of the two temperatures.
    """
    from safetensors import safe_open

    with safe_open(file, framework="numpy") as stored:
        return float(stored.metadata()["flattery"])
