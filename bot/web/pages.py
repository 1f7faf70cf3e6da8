"""The policy as a page, citable by clause, and what a version changes, both texts side by side."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy.orm import Session

from bot.privacy.policy_words import MARK_WORDS
from bot.store import policy_versions
from bot.store.policy_diff import differences
from bot.store.policy_versions import Mark, Published

router = APIRouter()
_templates = Jinja2Templates(Path(__file__).parent / "templates")
_templates.env.globals["MARK_WORDS"] = MARK_WORDS
Version = Annotated[str, Query(max_length=32)]


@router.get("/policy", response_class=HTMLResponse)
@router.get("/api/v1/policy", response_class=HTMLResponse)
def policy_in_force(request: Request) -> HTMLResponse:
    """The version in force today."""
    desk = request.app.state.desk
    with desk.reading() as session:
        return _page(request, session, policy_versions.in_force(session, desk.policies, desk.clock.now()))


@router.get("/policy/changes", response_class=HTMLResponse)
@router.get("/api/v1/policy/changes", response_class=HTMLResponse)
def policy_changes(
    request: Request, before: Annotated[str, Query(alias="from", max_length=32)], to: Version
) -> HTMLResponse:
    """What is different between two published versions, clause by clause, with what the shop says about it."""
    desk = request.app.state.desk
    with desk.reading() as session:
        old, new = (policy_versions.version(session, desk.policies, name) for name in (before, to))
        chain = policy_versions.published(session, desk.policies)
        found = {
            "old": old,
            "new": new,
            "coming": new.effective_at > desk.clock.now(),
            "changes": differences(old.policy, new.policy),
            "marks": _marks_between(session, chain, old, new),
        }
    return _templates.TemplateResponse(request, "policy_changes.html", found)


@router.get("/policy/{version}", response_class=HTMLResponse)
@router.get("/api/v1/policy/{version}", response_class=HTMLResponse)
def policy_version(request: Request, version: str) -> HTMLResponse:
    """One published version; the address of a citation. Drafts have no page."""
    desk = request.app.state.desk
    with desk.reading() as session:
        return _page(request, session, policy_versions.version(session, desk.policies, version))


def _page(request: Request, session: Session, shown: Published) -> HTMLResponse:
    chain = policy_versions.published(session, request.app.state.desk.policies)
    others = [other.policy for other in chain if other.version != shown.version]
    found = {"policy": shown.policy, "replaces": shown.replaces, "other_versions": others}
    return _templates.TemplateResponse(request, "policy.html", found)


def _marks_between(session: Session, chain: list[Published], old: Published, new: Published) -> dict[str, Mark]:
    """What was said about the changes of every version after the one up to the other; the newest word counts."""
    marks: dict[str, Mark] = {}
    for each in chain:
        if old.effective_at < each.effective_at <= new.effective_at:
            marks |= policy_versions.marks(session, each.version)
    return marks
