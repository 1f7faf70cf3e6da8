"""The one error of the engine's start."""


class CannotStart(RuntimeError):
    """The engine cannot start; the message says why and what helps."""
