"""The action server: rasa-sdk's executor behind a small ASGI app that never echoes a request.

rasa-sdk's own server answers an error with the whole request body, which holds the conversation; this one
answers a code. It takes calls from the engine only (shared secret, loopback).
"""

import hmac
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from actions import (
    access,
    clarification,
    complaint,
    complaint_acts,
    complaint_form,
    guardian_consent,
    handoff,
    identity_verification,
    policy_objection,
    policy_question,
    policy_update,
    request,
    request_status,
    step_question,
    yes_and_no,
)
from bot import yaml_text
from bot.config import PROJECT
from bot.store.desk import Desk

log = structlog.get_logger("actions")


class DomainExecutor(ActionExecutor):
    """Rasa's executor with the domain read once at the start.

    Rasa 3.6 sends neither domain nor digest when actions ask for none (`enable_selective_domain`), which the
    newer SDK takes for an error.
    """

    def __init__(self, domain_file: Path) -> None:
        super().__init__()
        self.domain = yaml_text.read(domain_file.read_text(encoding="utf-8"))

    def update_and_return_domain(self, payload: dict[str, Any], action_name: str) -> dict[str, Any] | None:
        """The domain of `domain.yml`, whatever the payload says."""
        return self.domain


def make_executor(desk: Desk) -> DomainExecutor:
    """An executor that knows every action of the desk."""
    executor = DomainExecutor(PROJECT / "domain.yml")
    for action in (
        policy_question.AnswerPolicy,
        policy_update.PolicyChanges,
        policy_objection.ObjectToPolicyUpdate,
        policy_objection.AcceptPolicyUpdate,
        access.ShowAccessSummary,
        request.OpenRequest,
        request.AskRequestConfirmed,
        request.SubmitForm,
        request.SubmitRequest,
        step_question.AnswerStep,
        yes_and_no.Affirm,
        yes_and_no.Deny,
        guardian_consent.GuardianConsent,
        identity_verification.AskRequestCode,
        identity_verification.SubmitCode,
        request_status.RequestStatus,
        request_status.RevokeRequest,
        complaint.OpenComplaint,
        complaint.AskComplaintConfirmed,
        complaint.SubmitComplaint,
        complaint_acts.AskCaseReply,
        complaint_acts.SubmitCaseReply,
        complaint_acts.SubmitClaim,
        handoff.HandOff,
        handoff.PersonFirst,
        handoff.RateHandoff,
        clarification.Clarify,
        clarification.OutOfScope,
    ):
        executor.register_action(action(desk))
    executor.register_action(complaint_form.ValidateComplaintForm(desk))
    executor.register_action(complaint_acts.ValidateCaseReplyForm(desk))
    executor.register_action(identity_verification.ValidateRequestForm(desk))
    return executor


def make_app(desk: Desk) -> FastAPI:
    """The ASGI app: `POST /webhook` for the engine, `GET /healthz` for the supervisor."""
    executor = make_executor(desk)
    secret = desk.settings.engine_secret.encode()
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/webhook")
    async def webhook(call: Request) -> Response:
        given = call.headers.get("x-desk-secret", "").encode()
        if not hmac.compare_digest(given, secret):
            return _error(401, "not_the_engine")
        try:
            payload = await call.json()
            name = payload["next_action"]
        except (ValueError, KeyError, TypeError):
            return _error(400, "unreadable")
        try:
            result = await executor.run(payload)
        except ActionExecutionRejection as rejection:
            return _error(400, rejection.message, rejection.action_name)
        except ActionNotFoundException:
            return _error(404, "unknown_action", name)
        except Exception as error:
            # A border: nothing of the request may leave, in the answer or in the log.
            log.error("action server failed", error=type(error).__name__)
            return _error(500, "action_failed")
        return JSONResponse(result.model_dump() if result else {"events": [], "responses": []})

    return app


def _error(status: int, code: str, action: str | None = None) -> JSONResponse:
    return JSONResponse({"error": code, "action_name": action}, status_code=status)
