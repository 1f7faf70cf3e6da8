"""The policy as a page, citable by clause."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from bot.store.policy_library import Policy

router = APIRouter()
_templates = Jinja2Templates(Path(__file__).parent / "templates")


def _page(request: Request, policy: Policy) -> HTMLResponse:
    others = [other for other in request.app.state.desk.policies.versions if other.version != policy.version]
    return _templates.TemplateResponse(request, "policy.html", {"policy": policy, "other_versions": others})


@router.get("/policy", response_class=HTMLResponse)
@router.get("/api/v1/policy", response_class=HTMLResponse)
def policy_in_force(request: Request) -> HTMLResponse:
    """The version in force today."""
    desk = request.app.state.desk
    return _page(request, desk.policies.in_force(desk.clock.now().date()))


@router.get("/policy/{version}", response_class=HTMLResponse)
@router.get("/api/v1/policy/{version}", response_class=HTMLResponse)
def policy_version(request: Request, version: str) -> HTMLResponse:
    """One version; the address of a citation."""
    return _page(request, request.app.state.desk.policies.version(version))
