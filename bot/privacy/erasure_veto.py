"""The shop's last word before an erasure: a service of its own may say that it must not begin yet.

No answer is a no for now: it is asked again until it answers (fail closed).
"""

import json

import httpx

from bot.clocks import SystemClock
from bot.config import Settings
from bot.privacy.room import NotYet, Work
from bot.store.webhooks import signature

_ANSWER_SECONDS = 10.0
_machine = SystemClock()


def allowed(work: Work) -> bool:
    """Whether the shop lets the erasure begin; yes where nobody is to be asked.

    Raises:
        NotYet: The service did not answer, or not with a plain yes or no.
    """
    settings = work.desk.settings
    if not settings.veto_url:
        return True
    body = json.dumps({"request": work.number, "kind": work.kind, "customer_id": work.subject}).encode()
    try:
        with httpx.Client(timeout=_ANSWER_SECONDS, trust_env=False, follow_redirects=False) as client:
            answer = client.post(settings.veto_url, content=body, headers=_signed(settings, body))
        allow = answer.json()["allow"] if answer.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        allow = None
    if not isinstance(allow, bool):
        raise NotYet("The shop's service did not say whether the erasure may begin.")
    return allow


def _signed(settings: Settings, body: bytes) -> dict[str, str]:
    """The same headers and signature as notices to the shop's services carry."""
    timestamp = str(int(_machine.now().timestamp()))
    return {
        "Content-Type": "application/json",
        "X-Desk-Event": "veto",
        "X-Desk-Timestamp": timestamp,
        "X-Desk-Signature": signature(settings.webhook_secret, timestamp, body),
    }
