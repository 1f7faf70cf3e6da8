"""Lets Rasa start without TensorFlow and other packages that the desk does not use.

Rasa imports TensorFlow in nearly every module, whether or not a component of the pipeline needs it; that costs some
350 MB of memory, ten seconds of start-up and 1.4 GB of disk. It also imports the clients of a dozen chat services,
brokers and clouds, none of which this engine may ever talk to. The finder below answers those imports with empty
modules. A stand-in can be imported, subclassed and used as a decorator, but not called for a result: whoever adds a
component that really needs TensorFlow gets a clear error instead of a wrong answer.
"""

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any, Optional, Sequence

TENSORFLOW = frozenset({"tensorflow", "tensorflow_hub", "tensorflow_text", "tensorflow_addons", "keras"})
STRANGERS = frozenset(
    {
        "aio_pika",
        "aiormq",
        "aiogram",
        "boto3",
        "botocore",
        "bson",
        "confluent_kafka",
        "fbmessenger",
        "mattermostwrapper",
        "pymongo",
        "redis",
        "rocketchat_API",
        "slack_sdk",
        "twilio",
        "webexteamssdk",
    }
)
PLOTTING = frozenset({"matplotlib"})


class LeftOut(ImportError):
    """Something asked a stand-in for a result."""


class _StandInMeta(type):
    """Makes every attribute of a stand-in class a stand-in class again (``tf.keras.layers.Layer``)."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _stand_in(f"{cls.__qualname__}.{name}")
        setattr(cls, name, value)
        return value

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        """Passes a decorated function through; makes subclasses as usual; refuses everything else."""
        if len(arguments) == 1 and callable(arguments[0]) and not options:
            return arguments[0]
        if cls.__dict__.get("_decorates", False):
            return lambda function: function
        raise LeftOut(f"This runtime leaves {cls.__qualname__} out.")


def _stand_in(name: str) -> type:
    """A class that stands for the left-out name ``name``."""
    decorates = name.rsplit(".", 1)[-1] in {"function", "register_keras_serializable"}
    return _StandInMeta(name, (), {"_decorates": decorates, "__module__": __name__})


class _StandInModule(ModuleType):
    """A module in which every public name exists."""

    __path__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _stand_in(f"{self.__name__}.{name}")
        setattr(self, name, value)
        return value


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the replaced packages and their submodules before the file system is asked."""

    def __init__(self) -> None:
        self.replaced = set(TENSORFLOW | STRANGERS)

    def find_spec(
        self, fullname: str, path: Optional[Sequence[str]] = None, target: Optional[ModuleType] = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        if fullname.split(".", 1)[0] not in self.replaced:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: the module is empty on purpose."""


_FINDER = _Finder()


def install() -> None:
    """Puts the finder first in line; a second call changes nothing."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def leave_out_plotting() -> None:
    """Replaces the plotting library as well, for processes that draw nothing; to be called before Rasa is imported."""
    _FINDER.replaced |= PLOTTING
