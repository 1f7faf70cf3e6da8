"""The staff desk as an ASGI application: the door, the headers, and behind them NiceGUI with the pages."""

import importlib
import logging
import pkgutil
from functools import cache
from pathlib import Path

import structlog
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from nicegui import app as nicegui
from nicegui import ui
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.types import ASGIApp

from bot.desk import pages, shell, sign_in
from bot.desk.door import Door
from bot.desk.headers import Headers
from bot.desk.visit import complain
from bot.errors import DeskError, Unavailable
from bot.store.desk import Desk

log = structlog.get_logger("desk")
_STATIC = Path(__file__).parent / "static"
_DATABASE_AWAY = (OperationalError, InterfaceError, NoConnection)
"""The desk's own or the shop's: an act that had to tell somebody by mail was not done, and works later."""


def make_app(desk: Desk) -> ASGIApp:
    """Put the staff desk together."""
    return Headers(Door(application(), desk))


@cache
def application() -> FastAPI:
    """What is behind the door; made once per process, since NiceGUI is."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(sign_in.router)
    app.mount("/look", StaticFiles(directory=_STATIC), name="look")
    for module in pkgutil.iter_modules(pages.__path__):
        importlib.import_module(f"{pages.__name__}.{module.name}")
    ui.run_with(
        app,
        title="Staff desk",
        language="en-GB",
        favicon=_STATIC / "favicon.svg",
        tailwind=False,
        gzip_middleware_factory=None,
        show_welcome_message=False,
        reconnect_timeout=6.0,
    )
    nicegui.config.socket_io_js_transports = ["websocket"]
    nicegui.colors(primary="#45429b", positive="#1d6b46", negative="#a1281f", warning="#7a4d06")
    nicegui.on_exception(_tell)
    logging.getLogger("nicegui").addFilter(_without_values)
    shell.dress()
    return app


def _tell(error: Exception) -> None:
    """What went wrong in an act, told where it was done; the text of an error nobody foresaw is told to nobody."""
    if not isinstance(error, DeskError):
        log.error("act failed", error=type(error).__name__)
        error = Unavailable() if isinstance(error, _DATABASE_AWAY) else DeskError()
    complain(error.detail)


def _without_values(record: logging.LogRecord) -> bool:
    """NiceGUI logs whole errors; their text could hold a person's values, the type is enough to find them."""
    if record.exc_info and record.exc_info[0] is not None:
        if issubclass(record.exc_info[0], DeskError):
            return False
        record.msg, record.args, record.exc_info = record.exc_info[0].__name__, (), None
    return True
