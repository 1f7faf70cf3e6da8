"""One clean line of progress for a long step, instead of a library's flood."""

import sys
import threading
import time
from types import TracebackType
from typing import Optional, TextIO, Type


class Progress:
    """Shows ``<title> ... 12 s`` while a step runs and ``<title>: <result> (12 s)`` when it ends.

    On a terminal the seconds tick on one line; in a log file only the final line is written.
    """

    def __init__(self, title: str, stream: Optional[TextIO] = None) -> None:
        self.title = title
        self.stream = stream or sys.stderr
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Progress":
        if self.stream.isatty():
            self._ticker.start()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if not self._ended.is_set():
            self._end("stopped" if error else "done")

    def _tick(self) -> None:
        while not self._ended.wait(0.5):
            with self._lock:
                if not self._ended.is_set():
                    self.stream.write(f"\r{self.title} ... {self.seconds:.0f} s ")
                    self.stream.flush()

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def _end(self, result: str) -> None:
        with self._lock:
            self._ended.set()
            start = "\r\x1b[K" if self.stream.isatty() else ""
            self.stream.write(f"{start}{self.title}: {result} ({self.seconds:.1f} s)\n")
            self.stream.flush()

    def done(self, result: str) -> None:
        """Ends the line with what came out."""
        self._end(result)

    def failed(self, reason: str) -> None:
        """Ends the line with the reason of the failure."""
        self._end(f"failed: {reason}")
