"""The address that an outside help desk calls; there is none unless one is set up."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from bot.helpdesk.adapter import HelpDesk
from bot.helpdesk.exchange import bring_in
from bot.store.desk import Desk


def router_of(desk: Desk, outside: HelpDesk) -> APIRouter:
    """The router with that one address; every call is checked for its signature before anything of it is read."""
    router = APIRouter()

    @router.post(f"/helpdesk/{outside.name}", status_code=204, include_in_schema=False)
    async def called(request: Request) -> Response:
        event = outside.read_webhook(request.headers, await request.body())
        if event is not None:
            await run_in_threadpool(bring_in, desk, event)
        return Response(status_code=204)

    return router
