"""Logs of the engine: few lines, on standard error, and never a word that a person typed."""

import logging
import sys
import traceback
import warnings
from types import TracebackType
from typing import Any, Mapping, MutableMapping, Optional, Tuple, Type, Union

import structlog

_ExcInfo = Union[Tuple[Type[BaseException], BaseException, Optional[TracebackType]], Tuple[None, None, None]]
_KEPT = frozenset({"event", "event_info", "level", "logger", "action_name", "exc_info", "stack_info"})


class ValueFreeFormatter(logging.Formatter):
    """Formats errors by type and place; their messages may quote a request body, an SQL value or a slot."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s engine %(levelname)s %(name)s: %(message)s")

    def formatException(self, ei: _ExcInfo) -> str:
        """Type of the error and of its causes with file, line and function of each frame."""
        lines = []
        error: Optional[BaseException] = ei[1]
        while error is not None:
            lines.append(type(error).__name__)
            for frame in traceback.extract_tb(error.__traceback__):
                lines.append(f"  {frame.filename}:{frame.lineno} {frame.name}")
            error = error.__cause__ or error.__context__
        return "\n".join(lines)


def without_values(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A structlog step that keeps the event's name and drops texts, slots, events and states."""
    return {key: value for key, value in event.items() if key in _KEPT}


def configure(level: int = logging.WARNING) -> None:
    """Sends all logging of Rasa, Sanic and structlog through one handler on standard error."""
    warnings.simplefilter("ignore")
    logging.captureWarnings(True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ValueFreeFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("rasa", "sanic.root", "sanic.error", "sanic.access", "apscheduler", "asyncio", "matplotlib"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger("py.warnings").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            without_values,
            structlog.stdlib.filter_by_level,
            structlog.processors.add_log_level,
            structlog.stdlib.render_to_log_kwargs,
        ],
        context_class=dict,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
