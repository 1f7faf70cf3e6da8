"""What the command line prints with."""

import sys

from rich.console import Console

_COLUMNS = 500


def console(*, stderr: bool = False) -> Console:
    """A console that takes no words for markup and, in a file or a pipe, shortens no number to fit.

    Rich takes 80 columns where there is no terminal to ask; a table never takes more than it needs.
    """
    stream = sys.stderr if stderr else sys.stdout
    columns = None if stream.isatty() else _COLUMNS
    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, width=columns)
