"""Python reads this first in every process of a desk that is followed; elsewhere it stands on no path."""

import sys

if hasattr(sys, "monitoring"):  # the engine's Python is older, and runs neither actions nor use cases
    from tests.mutations.following import report_lines

    report_lines()
