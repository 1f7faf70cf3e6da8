"""Figures of understanding: how many phrases were read rightly, and how bad the wrong ones are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.reading import Reading
from bench.rows import ASK_POLICY, Row, Span

DESTRUCTIVE = frozenset({"request_erasure", "cancel_account", "request_anonymisation"})
OUTSIDE = frozenset({"shop_question", "out_of_scope", "nlu_fallback"})
FALLBACK = "nlu_fallback"
_SAME_PASSAGE = 0.6
_ACCEPTED_CLAUSES = 2
_BINS = 10

Pair = tuple[Row, Reading]


def intent_is_right(row: Row, reading: Reading) -> bool:
    """Whether the intent is one of those expected; kinds of outside are as good as each other."""
    if row.intents[0] in OUTSIDE and reading.intent in OUTSIDE:
        return True
    return reading.intent in row.intents


def is_harmless_taken_for_destructive(row: Row, reading: Reading) -> bool:
    """Whether someone who asked for nothing of the kind would be led towards losing data."""
    return reading.intent in DESTRUCTIVE and not DESTRUCTIVE & ({*row.intents} | row.routed)


def shows(reading: Reading, spans: Iterable[Span], first: int) -> bool:
    """Whether one of the first clauses shown is, for the most part, one of the passages."""
    shown = [(clause["start"], clause["end"]) for clause in reading.clauses[:first]]
    return any(_shared(one, other) >= _SAME_PASSAGE for one in shown for other in spans)


def is_right(row: Row, reading: Reading) -> bool:
    """Whether a phrase was read as its whole label says: for a question about the policy, the answer too."""
    if row.intents and not intent_is_right(row, reading):
        return False
    if row.covered is None:
        return True
    if row.covered:
        return reading.intent in row.routed or (reading.answers and shows(reading, row.spans, _ACCEPTED_CLAUSES))
    return not reading.answers or (row.borderline and shows(reading, row.lenient, 1))


def _shared(one: Span, other: Span) -> float:
    common = min(one[1], other[1]) - max(one[0], other[0])
    return max(common, 0) / max(1, min(one[1] - one[0], other[1] - other[0]))


def _share(pairs: Sequence[Pair], holds: Iterable[bool]) -> float | None:
    return sum(holds) / len(pairs) if pairs else None


def intent_figures(pairs: Sequence[Pair]) -> dict[str, float | int | None]:
    """Figures over the rows whose intent is labelled."""
    labelled = [pair for pair in pairs if pair[0].intents]
    outside = [pair for pair in labelled if pair[0].intents[0] in OUTSIDE]
    inside = [pair for pair in labelled if pair[0].intents[0] not in OUTSIDE]
    rejected = (got.intent in OUTSIDE and not intent_is_right(row, got) for row, got in inside)
    return {
        "rows with an intent": len(labelled),
        "accuracy": _share(labelled, (intent_is_right(*pair) for pair in labelled)),
        "macro-F1": macro_f1(labelled),
        "outside recall": _share(outside, (intent_is_right(*pair) for pair in outside)),
        "inside rejected": _share(inside, rejected),
    }


def macro_f1(pairs: Sequence[Pair]) -> float | None:
    """The mean over the expected intents of the harmonic mean of precision and recall."""
    right, missed, wrongly = Counter[str](), Counter[str](), Counter[str]()
    for row, got in pairs:
        expected = row.intents[0]
        if intent_is_right(row, got):
            right[expected] += 1
        else:
            missed[expected] += 1
            wrongly[got.intent or FALLBACK] += 1
    names = {*right, *missed}
    scores = [2 * right[name] / (2 * right[name] + missed[name] + wrongly[name]) for name in names]
    return sum(scores) / len(scores) if scores else None


def policy_figures(pairs: Sequence[Pair]) -> dict[str, float | int | None]:
    """Figures over the questions that are labelled with what the policy says; borderline ones are left out."""
    clear = [pair for pair in pairs if pair[0].covered is not None and not pair[0].borderline]
    covered = [pair for pair in clear if pair[0].covered]
    uncovered = [pair for pair in clear if not pair[0].covered]
    hits = [got.answers and shows(got, row.spans, 1) for row, got in covered]
    helped = (hit or got.intent in row.routed for hit, (row, got) in zip(hits, covered, strict=True))
    among_two = (got.answers and shows(got, row.spans, _ACCEPTED_CLAUSES) for row, got in covered)
    said_so = (got.intent == ASK_POLICY and not got.covered for _, got in uncovered)
    return {
        "clear covered": len(covered),
        "covered helped": _share(covered, helped),
        "covered hit@1": _share(covered, hits),
        "covered hit@2": _share(covered, among_two),
        "clear uncovered": len(uncovered),
        "false answers": _share(uncovered, (got.answers for _, got in uncovered)),
        "uncovered said so": _share(uncovered, said_so),
    }


def all_figures(pairs: Sequence[Pair]) -> dict[str, float | int | None]:
    """Every figure of a set of rows; None where the set has no row of the kind."""
    destructive = sum(is_harmless_taken_for_destructive(*pair) for pair in pairs)
    return {
        "rows": len(pairs),
        "read rightly": _share(pairs, (is_right(*pair) for pair in pairs)),
        **intent_figures(pairs),
        "taken for destructive": destructive,
        **policy_figures(pairs),
    }


def confusion(pairs: Sequence[Pair]) -> dict[str, object]:
    """How often each expected intent (rows) was read as each intent (columns)."""
    counts = Counter((row.intents[0], got.intent or FALLBACK) for row, got in pairs if row.intents)
    counts.update((ASK_POLICY, got.intent or FALLBACK) for row, got in pairs if not row.intents)
    labels = sorted({name for pair in counts for name in pair})
    return {"labels": labels, "counts": [[counts[expected, got] for got in labels] for expected in labels]}


@dataclass(frozen=True)
class Bin:
    """Readings of about the same confidence: how sure they were and how many were right."""

    rows: int
    confidence: float
    right: float


def reliability(pairs: Sequence[Pair]) -> list[Bin]:
    """Confidence beside accuracy in ten steps; phrases the model declined to read are left out."""
    sorted_in: dict[int, list[Pair]] = {}
    for row, got in pairs:
        if row.intents and got.intent not in (None, FALLBACK):
            sorted_in.setdefault(min(int(got.confidence * _BINS), _BINS - 1), []).append((row, got))
    return [
        Bin(
            rows=len(some),
            confidence=sum(got.confidence for _, got in some) / len(some),
            right=sum(intent_is_right(*pair) for pair in some) / len(some),
        )
        for _, some in sorted(sorted_in.items())
    ]


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """By how much confidence and accuracy differ on average (expected calibration error)."""
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.confidence - one.right) for one in bins) / rows if rows else None
