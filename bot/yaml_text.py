"""YAML as the desk reads it: plain values only, with the parser written in C where this build of PyYAML has it.

That one reads `domain.yml` in a tenth of the time: a quarter of a second less at each start of a process.
"""

from typing import Any

import yaml

SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str) -> Any:
    """The values of a text.

    Raises:
        yaml.YAMLError: It is no YAML.
    """
    return yaml.load(text, SafeLoader)  # noqa: S506 - a safe loader
