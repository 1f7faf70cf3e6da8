"""Counts for the shop's monitoring; never with a label that could name a person."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.store.desk import Desk
from bot.store.desk_tables import PrivacyRequest, WebhookEvent

SESSIONS = Counter("desk_sessions_opened", "Sessions opened", ["kind"])
TURNS = Histogram("desk_turn_seconds", "Time from a message to its stored answer")
PROCESSING_ASKED = Counter("desk_processing_asked", "What the shop's services were answered", ["answer"])


def work_in_hand(desk: Desk) -> bytes:
    """Requests by kind and state, and notices no service has taken yet, counted when they are read.

    Nothing where the database does not answer: the other counts are still worth having.
    """
    registry = CollectorRegistry()
    requests = Gauge("desk_privacy_requests", "Requests by kind and state", ["kind", "state"], registry=registry)
    waiting = Gauge("desk_notices_waiting", "Notices the shop's services have not taken yet", registry=registry)
    counted = select(PrivacyRequest.kind, PrivacyRequest.state, func.count()).group_by(
        PrivacyRequest.kind, PrivacyRequest.state
    )
    try:
        with desk.reading() as session:
            for kind, state, count in session.execute(counted).tuples():
                requests.labels(kind, state).set(count)
            untaken = select(func.count()).select_from(WebhookEvent).where(WebhookEvent.delivered_at.is_(None))
            waiting.set(session.scalar(untaken) or 0)
    except SQLAlchemyError:
        return b""
    return generate_latest(registry)
