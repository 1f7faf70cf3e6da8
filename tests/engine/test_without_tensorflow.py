import importlib.metadata
import subprocess
import sys

import pytest

from bot.engine.without_tensorflow import STRANGERS, TENSORFLOW, LeftOut


@pytest.mark.parametrize("package", ["tensorflow", "keras", "tensorboard", "boto3", "aiogram", "redis"])
def test_packages_that_are_left_out_are_not_installed(package):
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version(package)


def test_rasa_imports_completely_without_tensorflow():
    code = (
        "import bot.engine, sys, rasa.core.run, rasa.model_training, rasa.cli.train, rasa.core.agent;"
        "import tensorflow; assert not getattr(tensorflow, '__file__', None);"
        "print(sorted(name for name in sys.modules if name.startswith('tensorflow') and "
        "getattr(sys.modules[name], '__file__', None)))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_stand_in_can_be_subclassed_and_decorates_but_never_computes():
    import tensorflow as tf

    class Layer(tf.keras.layers.Layer):
        """A subclass as Rasa's own modules define them."""

    @tf.function
    def unchanged():
        return 3

    assert unchanged() == 3
    assert issubclass(Layer, tf.keras.layers.Layer)
    with pytest.raises(LeftOut, match="leaves"):
        tf.constant([1, 2, 3])


def test_telemetry_is_off():
    import os

    import bot.engine  # noqa: F401

    assert os.environ["RASA_TELEMETRY_ENABLED"] == "false"


def test_no_name_is_left_out_twice():
    assert not TENSORFLOW & STRANGERS
