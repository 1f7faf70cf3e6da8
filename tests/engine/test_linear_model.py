import io

import numpy
import pytest

from bot.engine.linear_model import LinearModel, best_temperature, softmax
from bot.engine.sentence_encoder import encoder_in

from .conftest import PHRASES


@pytest.fixture(scope="module")
def learnt(encoder):
    texts = [phrase for phrases in PHRASES.values() for phrase in phrases]
    labels = [label for label, phrases in PHRASES.items() for _ in phrases]
    vectors = encoder_in(str(encoder)).encode(texts)
    return LinearModel.learnt_from(texts, vectors, labels)


def reading(model, encoder, text):
    chances = model.chances([text], encoder_in(str(encoder)).encode([text]))[0]
    return model.labels[int(chances.argmax())], chances


def test_a_saved_model_reads_as_before(learnt, encoder, tmp_path):
    model, _ = learnt
    model.save(tmp_path / "model.npz")
    again = LinearModel.load(tmp_path / "model.npz")
    for text in ("hello you", "are cookies set", ""):
        assert numpy.allclose(reading(model, encoder, text)[1], reading(again, encoder, text)[1], atol=1e-6)


def test_a_file_with_pickled_objects_is_refused(tmp_path):
    path = tmp_path / "model.npz"
    numpy.savez(path, labels=numpy.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        LinearModel.load(path)


def test_chances_add_up_to_one(learnt, encoder):
    assert reading(learnt[0], encoder, "whatever")[1].sum() == pytest.approx(1)


def test_typing_errors_do_not_change_the_reading(learnt, encoder):
    assert reading(learnt[0], encoder, "do u set cokies")[0] == "ask_policy/not_covered_cookies"
    assert reading(learnt[0], encoder, "thnaks alot")[0] == "thank"


def test_temperature_repairs_overconfidence():
    generator = numpy.random.RandomState(1)
    truth = generator.randint(0, 3, 3000)
    right = generator.rand(3000) < 0.7
    guess = numpy.where(right, truth, (truth + 1) % 3)
    scores = numpy.eye(3)[guess] * 20
    temperature = best_temperature(scores, truth)
    assert softmax(scores / temperature).max(axis=1).mean() == pytest.approx(0.7, abs=0.1)


def test_out_of_fold_chances_are_less_sure_than_the_memory_of_the_phrases(learnt, encoder):
    model, unseen = learnt
    texts = [phrase for phrases in PHRASES.values() for phrase in phrases]
    seen = model.chances(texts, encoder_in(str(encoder)).encode(texts))
    assert unseen.max(axis=1).mean() < seen.max(axis=1).mean()


def test_the_file_holds_arrays_only(learnt, tmp_path):
    learnt[0].save(tmp_path / "model.npz")
    with numpy.load(io.BytesIO((tmp_path / "model.npz").read_bytes()), allow_pickle=False) as stored:
        assert {stored[name].dtype.kind for name in stored.files} <= {"f", "U"}
