"""The internal door, on loopback: the shop's services ask if they may use a person's data, monitoring reads counts.

No answer here is ever a reason to go on: whatever is not a clear yes is a no (see `docs/services.md`).
"""

import hashlib
import hmac
import threading
from typing import Annotated, Any

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.responses import Response
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from bot.errors import DeskError, RateLimited, Unavailable
from bot.privacy.restriction import Processing, processing
from bot.store.desk import Desk
from bot.web.guard import Guard
from bot.web.metrics import PROCESSING_ASKED, work_in_hand
from bot.web.problems import LastBorder, add_problem_handlers

log = structlog.get_logger("internal")
router = APIRouter(prefix="/internal/v1")
_OF_ONE_KEY = parse("6000/minute")
_WRONG_KEYS = parse("60/minute")


class WrongKey(DeskError):
    """The call shows no key, or one the desk does not know."""

    code = "wrong_key"
    status = 401
    detail = "Send the desk's INTERNAL_API_KEY as Authorization: Bearer or X-Api-Key."


class Keys:
    """Who may ask: every key of `INTERNAL_API_KEY`, so that one can be changed while both serve."""

    def __init__(self, keys: str) -> None:
        self._digests = [_digest(key.strip()) for key in keys.split(",") if key.strip()]
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def check(self, shown: str) -> None:
        """Let a caller pass.

        Raises:
            WrongKey: No such key. Who has the right one is never kept out by those who guess.
            RateLimited: Far too many calls, or far too many guesses.
        """
        digest = _digest(shown)
        # Every key is compared to its end, so that the time an answer takes says nothing about any of them.
        found = [place for place, known in enumerate(self._digests) if hmac.compare_digest(known, digest)]
        if not found:
            PROCESSING_ASKED.labels("no_key").inc()
            raise WrongKey if self._window.hit(_WRONG_KEYS, "wrong") else RateLimited
        if not self._window.hit(_OF_ONE_KEY, str(found[0])):
            PROCESSING_ASKED.labels("too_many").inc()
            raise RateLimited


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def known_caller(
    request: Request,
    authorization: Annotated[str, Header()] = "",
    x_api_key: Annotated[str, Header()] = "",
) -> None:
    """Only services of the shop that show a key come in."""
    scheme, _, token = authorization.partition(" ")
    request.app.state.keys.check(token.strip() if scheme.lower() == "bearer" else x_api_key)


@router.get("/customers/{customer_id}/processing", dependencies=[Depends(known_caller)])
async def customer_processing(customer_id: str, request: Request) -> dict[str, Any]:
    """Whether and for what a customer's data may be used now."""
    answer = await run_in_threadpool(_look_up, request.app.state.desk, customer_id)
    PROCESSING_ASKED.labels("restricted" if answer.restricted else "free").inc()
    return _as_json(answer)


async def metrics(request: Request) -> Response:
    """Counts of this process and of the work in hand, as Prometheus reads them."""
    work = await run_in_threadpool(work_in_hand, request.app.state.desk)
    return Response(generate_latest() + work, media_type=CONTENT_TYPE_LATEST)


def _look_up(desk: Desk, customer_id: str) -> Processing:
    try:
        with desk.reading() as session:
            return processing(session, desk, customer_id)
    except SQLAlchemyError as error:
        log.error("processing could not be looked up", error=type(error).__name__)
        raise Unavailable("The desk cannot say just now. Do not process the data, and ask again.") from None


def _as_json(answer: Processing) -> dict[str, Any]:
    return {
        "customer_id": answer.customer_id,
        "known": answer.known,
        "restricted": answer.restricted,
        "reasons": list(answer.reasons),
        "since": answer.since.isoformat() if answer.since else None,
        "guardian_missing": answer.guardian_missing,
        "minor": answer.minor,
        "consents": dict(answer.consents),
        "allowed_purposes": list(answer.allowed),
    }


def make_internal_app(desk: Desk) -> FastAPI:
    """Put the internal application together for a desk."""
    app = FastAPI(title="Privacy desk, internal", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.desk, app.state.keys = desk, Keys(desk.settings.internal_api_key)
    add_problem_handlers(app)
    app.include_router(router)
    app.add_api_route("/metrics", metrics, methods=["GET"])
    app.add_middleware(LastBorder)
    app.add_middleware(Guard)
    return app


class InternalDoor:
    """Serves the internal application beside the public one, in a thread of the same process.

    The port is taken at once, in the caller's thread: a process that cannot have it does not start half.
    """

    def __init__(self, desk: Desk, **options: Any) -> None:
        config = uvicorn.Config(
            make_internal_app(desk), host="127.0.0.1", port=desk.settings.internal_port, proxy_headers=False, **options
        )
        self._server = uvicorn.Server(config)
        self._socket = config.bind_socket()
        # Whoever calls before the thread is ready waits a moment instead of being turned away.
        self._socket.listen(config.backlog)
        self._thread = threading.Thread(target=self._serve, name="internal", daemon=True)

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> "InternalDoor":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=3)
        self._socket.close()
