"""The words of the house: every fixed name that code, tables and replies share."""

from enum import StrEnum


class Owner(StrEnum):
    """Who answers a conversation at the moment."""

    BOT = "bot"
    PERSON = "person"


class Author(StrEnum):
    """Who wrote a message."""

    USER = "user"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class RequestKind(StrEnum):
    """What a person may ask to be done with their data; the slug of each right."""

    EXPORT = "export"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    ANONYMISATION = "anonymisation"
    CANCEL_ACCOUNT = "cancel_account"
    WITHDRAW_CONSENT = "withdraw_consent"
    OBJECT_TO_PROCESSING = "object_to_processing"
    GUARDIAN_CONSENT = "guardian_consent"


class RequestState(StrEnum):
    """Where a privacy request stands. Names outside follow the Data Rights Protocol."""

    RECEIVED = "received"
    REVOKED = "revoked"


class CaseKind(StrEnum):
    """What a person brought to the shop: one door, no kind is refused (policy clause `contact`)."""

    COMPLAINT = "complaint"
    SECURITY_REPORT = "security_report"
    POLICY_OBJECTION = "policy_objection"
    HANDOFF = "handoff"


class CaseState(StrEnum):
    """Where a case stands."""

    WAITING = "waiting"


class Priority(StrEnum):
    """How soon a person must look."""

    NORMAL = "normal"
    URGENT = "urgent"


class AuditEvent(StrEnum):
    """What the desk writes down about its own doings; never with a personal value."""

    SESSION_OPENED = "session_opened"
    ACCESS_SUMMARY_SHOWN = "access_summary_shown"
    CASE_FILED = "case_filed"
    CASE_STATEMENT_ADDED = "case_statement_added"
    REQUEST_RECEIVED = "request_received"
    REQUEST_REVOKED = "request_revoked"
