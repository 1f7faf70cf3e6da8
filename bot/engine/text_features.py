"""Counts of letter groups and words: what the sentence vector blurs and what survives typing errors."""

from typing import Any, Dict, List, Sequence

import numpy
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.engine.plain_text import folded

MAX_CHARACTERS = 1000
ENOUGH = 200  # phrases from which on a group that occurs in one phrase only is left out

_KINDS: Dict[str, Dict[str, Any]] = {
    "letters": {"analyzer": "char_wb", "ngram_range": (2, 5), "min_df": 3},
    "words": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b", "min_df": 2},
}


class TextFeatures:
    """Letter groups (2 to 5 within a word) and words (1 and 2), weighted by rarity, each block of length one."""

    def __init__(self, vectorizers: Dict[str, TfidfVectorizer]) -> None:
        self._vectorizers = vectorizers

    @classmethod
    def learnt_from(cls, texts: Sequence[str]) -> "TextFeatures":
        """Chooses the groups and their weights from training phrases."""
        cleaned = [_shortened(text) for text in texts]
        vectorizers = {}
        for kind, options in _KINDS.items():
            settings = options if len(texts) >= ENOUGH else {**options, "min_df": 1}
            one = TfidfVectorizer(sublinear_tf=True, lowercase=False, dtype=numpy.float32, **settings)
            vectorizers[kind] = one.fit(cleaned)
        return cls(vectorizers)

    def of(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Features of texts, shape (number of texts, number of groups and words)."""
        cleaned = [_shortened(text) for text in texts]
        return sparse.hstack([one.transform(cleaned) for one in self._vectorizers.values()], format="csr")

    def as_arrays(self) -> Dict[str, numpy.ndarray]:
        """Everything needed to make the same features again, as plain arrays."""
        arrays: Dict[str, numpy.ndarray] = {}
        for kind, one in self._vectorizers.items():
            arrays[f"{kind}_terms"] = numpy.array(sorted(one.vocabulary_, key=one.vocabulary_.__getitem__))
            arrays[f"{kind}_rarity"] = one.idf_
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Dict[str, numpy.ndarray]) -> "TextFeatures":
        """The inverse of :meth:`as_arrays`."""
        vectorizers = {}
        for kind, options in _KINDS.items():
            settings = {name: value for name, value in options.items() if name != "min_df"}
            terms: List[str] = arrays[f"{kind}_terms"].tolist()
            one = TfidfVectorizer(sublinear_tf=True, lowercase=False, dtype=numpy.float32, vocabulary=terms, **settings)
            one.idf_ = arrays[f"{kind}_rarity"].astype(numpy.float32)
            vectorizers[kind] = one
        return cls(vectorizers)


def _shortened(text: str) -> str:
    return folded(text)[:MAX_CHARACTERS]
