"""The tables of the desk.

Each column says what it holds about a person (`info["data"]`), as `data/datamap.yml` does for the tables of the shop;
a house test fails when one does not.
"""

from bot.store.desk_tables.attachments import Attachment
from bot.store.desk_tables.base import CONTENT, NEVER_AGAIN, NOTHING, WHO, Base, UtcDateTime
from bot.store.desk_tables.cases import Case, CaseMessage
from bot.store.desk_tables.consent import ConsentEntry, Hold, Restriction
from bot.store.desk_tables.guardians import GuardianConsent, GuardianLink, Minor
from bot.store.desk_tables.handoff import Handoff, HandoffNote, Satisfaction
from bot.store.desk_tables.helpdesk import HelpdeskLink
from bot.store.desk_tables.outbox import Mail, WebhookEvent
from bot.store.desk_tables.policy import PolicyChange, PolicyEntry, PolicyNotice, PolicyVersion
from bot.store.desk_tables.record import (
    AuditEntry,
    AuditHead,
    AuditPseudonym,
    DailyCount,
    DemoClock,
    NumberSeries,
    UnansweredTopic,
)
from bot.store.desk_tables.requests import (
    Approval,
    Certificate,
    Dispute,
    Export,
    PrivacyRequest,
    RequestStep,
    VerificationCode,
)
from bot.store.desk_tables.staff import SignInTries, StaffMember, StaffSession
from bot.store.desk_tables.talk import (
    Card,
    ChatSession,
    Choice,
    Conversation,
    Message,
    Tombstone,
    Turn,
    UsedShopToken,
    WaitingWish,
)

__all__ = [
    "CONTENT",
    "NEVER_AGAIN",
    "NOTHING",
    "WHO",
    "Approval",
    "Attachment",
    "AuditEntry",
    "AuditHead",
    "AuditPseudonym",
    "Base",
    "Card",
    "Case",
    "CaseMessage",
    "Certificate",
    "ChatSession",
    "Choice",
    "ConsentEntry",
    "Conversation",
    "DailyCount",
    "DemoClock",
    "Dispute",
    "Export",
    "GuardianConsent",
    "GuardianLink",
    "Handoff",
    "HandoffNote",
    "HelpdeskLink",
    "Hold",
    "Mail",
    "Message",
    "Minor",
    "NumberSeries",
    "PolicyChange",
    "PolicyEntry",
    "PolicyNotice",
    "PolicyVersion",
    "PrivacyRequest",
    "RequestStep",
    "Restriction",
    "Satisfaction",
    "SignInTries",
    "StaffMember",
    "StaffSession",
    "Tombstone",
    "Turn",
    "UnansweredTopic",
    "UsedShopToken",
    "UtcDateTime",
    "VerificationCode",
    "WaitingWish",
    "WebhookEvent",
]
