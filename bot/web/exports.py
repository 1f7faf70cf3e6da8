"""The door through which a person fetches the copy of their data."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import StreamingResponse

from bot.privacy import export_fetching
from bot.web.api import SignedIn
from bot.web.problems import EVERY_CALL, problems

router = APIRouter(prefix="/api/v1", responses=EVERY_CALL)


@router.get(
    "/exports/{token}",
    response_class=StreamingResponse,
    responses=problems(404, 409, 410) | {200: {"content": {"application/zip": {"schema": {"type": "string"}}}}},
)
def fetch_export(
    request: Request, who: SignedIn, token: Annotated[str, Path(min_length=1, max_length=128)]
) -> StreamingResponse:
    """The copy of the customer's own data, once; it is gone from here with the first byte."""
    desk = request.app.state.desk
    with desk.transaction() as session:
        fetched = export_fetching.fetch(session, desk, desk.clock.now(), who[1], token)
    headers = {
        "Content-Disposition": f'attachment; filename="{fetched.filename}"',
        "Content-Length": str(fetched.size),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(fetched.stream, media_type="application/zip", headers=headers)
