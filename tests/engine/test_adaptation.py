import json
import shutil

import numpy
import pytest
from safetensors.numpy import load_file, save_file

from bot.engine import adaptation, build_encoder
from bot.engine.encoder_graph import WIDTH
from bot.engine.sentence_encoder import Encoder

QUERY = "encoder.layer.0.attention.self.query"
SENTENCES = ["forget everything you have on me", "I want to leave", "what is stored about me"]


@pytest.fixture
def learn(tmp_path):
    """Writes what was learnt about one layer."""

    def write(down, up, name=QUERY, flattery="1.25"):
        file = tmp_path / "learnt.safetensors"
        save_file({f"{name}.down": down, f"{name}.up": up}, file, metadata={"flattery": flattery, "phrases": "3"})
        return file

    return write


def test_what_was_learnt_is_added_to_its_layer_and_to_no_other(learn):
    generator = numpy.random.RandomState(3)
    weights = {f"{QUERY}.weight": generator.rand(4, 6), "other.weight": generator.rand(4, 6)}
    down, up = generator.rand(6, 2).astype(numpy.float16), generator.rand(2, 4).astype(numpy.float16)
    changed = adaptation.adapted(weights, learn(down, up))
    x = generator.rand(6)
    by_the_way = x @ down.astype(numpy.float32) @ up.astype(numpy.float32)
    assert numpy.allclose(changed[f"{QUERY}.weight"] @ x, weights[f"{QUERY}.weight"] @ x + by_the_way, atol=1e-5)
    assert changed["other.weight"] is weights["other.weight"]


def test_what_is_about_an_unknown_layer_is_refused(learn):
    with pytest.raises(KeyError, match="elsewhere"):
        adaptation.adapted({}, learn(numpy.ones((2, 1)), numpy.ones((1, 2)), name="elsewhere"))


def test_how_much_it_flatters_is_kept_with_it(learn):
    assert adaptation.flattery(learn(numpy.ones((2, 1)), numpy.ones((1, 2)))) == 1.25


def test_what_is_kept_is_about_every_linear_layer_and_flatters():
    layers = {key.rpartition(".")[0] for key in load_file(adaptation.FILE)}
    assert len(layers) == 6 * 6
    assert adaptation.flattery() > 1


def test_an_encoder_with_something_else_learnt_is_not_taken_for_this_one(tmp_path, encoder, learn):
    other = learn(numpy.full((WIDTH, 1), 0.1), numpy.full((1, WIDTH), 0.1))
    build_encoder.build(tmp_path / "other", learnt=other)
    assert not build_encoder.is_built(tmp_path / "other")
    assert build_encoder.is_built(encoder)
    apart = Encoder(tmp_path / "other").encode(SENTENCES) - Encoder(encoder).encode(SENTENCES)
    assert numpy.abs(apart).max() > 0.01


def test_a_damaged_file_of_what_was_learnt_leaves_the_encoder_in_place(tmp_path, encoder):
    folder, broken = tmp_path / "encoder", tmp_path / "broken.safetensors"
    shutil.copytree(encoder, folder)
    broken.write_bytes(adaptation.FILE.read_bytes()[:1000])
    with pytest.raises(Exception, match=r"(?i)safetensor|header|incomplete"):
        build_encoder.build(folder, learnt=broken)
    assert json.loads((folder / "encoder.json").read_text())["files"]
    assert build_encoder.is_built(folder)
