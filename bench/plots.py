"""Draws the confusion of intents and the reliability of confidence, as PNG.

Runs in the engine's runtime, which holds matplotlib; reads what to draw as JSON on standard input.
"""

import json
import os
import sys
import tempfile

os.environ.setdefault("MPLCONFIGDIR", os.path.join(tempfile.gettempdir(), "matplotlib"))  # noqa: PTH118

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def draw_confusion(path, labels, counts):
    """One cell for each pair of expected and read intent, shaded by its share of the expected one."""
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    size = 2.5 + 0.36 * len(labels)
    figure, axes = pyplot.subplots(figsize=(size, size))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for down, row in enumerate(counts):
        for along, count in enumerate(row):
            if count:
                colour = "white" if shares[down][along] > 0.6 else ("black" if down == along else "firebrick")
                axes.text(along, down, str(count), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(labels)))
    axes.set_xticklabels(labels, rotation=90)
    axes.set_yticks(range(len(labels)))
    axes.set_yticklabels(labels)
    axes.set_xlabel("read as")
    axes.set_ylabel("expected")
    _save(figure, path)


def draw_reliability(path, bins):
    """Accuracy over confidence; on the diagonal, confidence means what it says."""
    figure, axes = pyplot.subplots(figsize=(5, 5))
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
    sure, right = [one["confidence"] for one in bins], [one["right"] for one in bins]
    axes.plot(sure, right, color="steelblue", linewidth=1)
    axes.scatter(sure, right, s=[12 + one["rows"] for one in bins], color="steelblue")
    for one in bins:
        place = {"textcoords": "offset points", "xytext": (0, -14), "ha": "center", "fontsize": 8}
        axes.annotate(str(one["rows"]), (one["confidence"], one["right"]), **place)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share read rightly (number of phrases beside each point)")
    _save(figure, path)


def _save(figure, path):
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main():
    """Draw what standard input asks for."""
    wanted = json.load(sys.stdin)
    confusion = wanted["confusion"]
    draw_confusion(f"{wanted['folder']}/{wanted['name']}-confusion.png", confusion["labels"], confusion["counts"])
    draw_reliability(f"{wanted['folder']}/{wanted['name']}-reliability.png", wanted["reliability"])


if __name__ == "__main__":
    main()
