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


class EntityKind(StrEnum):
    """What a value in typed words is; also the word of the placeholder that stands for it, such as `‹email›`.

    `NUMBER` is any other long number: a customer number, a mistyped card. It is hidden as well.
    """

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    IBAN = "iban"
    DATE = "date"
    ORDER = "order"
    REQUEST = "request"
    CASE = "case"
    CONSENT = "consent"
    NUMBER = "number"


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


ERASING = (RequestKind.ERASURE, RequestKind.ANONYMISATION, RequestKind.CANCEL_ACCOUNT)
"""The rights after which something is gone."""


class RequestState(StrEnum):
    """Where a privacy request stands. Names outside follow the Data Rights Protocol."""

    RECEIVED = "received"
    AWAITING_VERIFICATION = "awaiting_verification"
    ON_HOLD = "on_hold"
    COOLING_OFF = "cooling_off"
    AWAITING_APPROVAL = "awaiting_approval"
    RUNNING = "running"
    FULFILLED = "fulfilled"
    PARTLY_FULFILLED = "partly_fulfilled"
    DENIED = "denied"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Regime(StrEnum):
    """Whose clock a request runs on."""

    POLICY = "policy"
    GDPR = "gdpr"
    CCPA = "ccpa"
    CN = "cn"


class HoldKind(StrEnum):
    """What keeps requests waiting."""

    CONTACT_CHANGED = "contact_changed"
    LEGAL = "legal_hold"
    VETO = "veto"
    APPROVAL = "approval"
    NO_ADDRESS = "no_address"
    GUARDIAN_ASKED = "guardian_asked"


class RestrictionReason(StrEnum):
    """Why processing of somebody's data is stopped."""

    ERASURE = "erasure"
    ACCOUNT_CANCELLED = "account_cancelled"
    GUARDIAN_MISSING = "guardian_missing"


class GuardianState(StrEnum):
    """Where the asking of one parent or guardian stands."""

    INVITED = "invited"
    IN_REVIEW = "in_review"
    LIVE = "live"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ENDED = "ended"


class ConsentState(StrEnum):
    """What somebody said about a purpose."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"


class ChangeKind(StrEnum):
    """What a new version of the policy does to a clause."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class ChangeMark(StrEnum):
    """What a change of the policy means for people, as somebody at the shop judged it."""

    REDUCES_RIGHTS = "reduces_rights"
    NEUTRAL = "neutral"
    IMPROVES = "improves"


class WindowState(StrEnum):
    """Where a person stands towards a new version of the policy."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DEEMED = "deemed"
    OBJECTED = "objected"


class PolicyAct(StrEnum):
    """What the ledger says of a person and a version. A deemed acceptance is no consent and is never called one."""

    ACCEPTED = "accepted"
    DEEMED = "deemed_acceptance"
    OBJECTED = "objected"


class ShopEvent(StrEnum):
    """What the shop's services are told at once."""

    RESTRICTED = "restricted"
    RESTRICTION_LIFTED = "restriction_lifted"
    ERASED = "erased"
    CORRECTED = "corrected"
    CONSENT_CHANGED = "consent_changed"
    GUARDIAN_MISSING = "guardian_missing"


class CaseKind(StrEnum):
    """What a person brought to the shop: one door, no kind is refused (policy clause `contact`)."""

    QUESTION = "question"
    OBJECTION = "objection"
    COMMENT = "comment"
    SUGGESTION = "suggestion"
    CONCERN = "concern"
    COMPLAINT = "complaint"
    REPORT = "report"
    SECURITY_REPORT = "security_report"
    POLICY_OBJECTION = "policy_objection"
    HANDOFF = "handoff"
    ALARM = "alarm"


class CaseState(StrEnum):
    """Where a case stands: who is to do something next, or how it ended."""

    WAITING = "waiting"
    ANSWERED = "answered"
    REFUSED = "refused"
    SECOND_LOOK = "second_look"
    CLOSED = "closed"


class CaseMessageKind(StrEnum):
    """What was written about a case, by the person or by the shop."""

    ANSWER = "answer"
    REFUSAL = "refusal"
    REPLY = "reply"
    REOPENING = "reopening"
    SECOND_LOOK = "second_look"
    NOTE = "note"


class HandoffReason(StrEnum):
    """Why a person is to take over."""

    ASKED = "asked"
    NOT_UNDERSTOOD = "not_understood"
    SECURITY_REPORT = "security_report"
    SELF_HARM = "self_harm"
    IN_DANGER = "in_danger"
    THREAT = "threat"
    NO_MAIL = "no_mail"
    STAFF = "staff"


class HandoffState(StrEnum):
    """Where it stands that a person takes over."""

    WAITING = "waiting"
    TAKEN = "taken"
    ENDED = "ended"


class RevealReason(StrEnum):
    """Why somebody of the staff looked at a value that was masked; no other reason is one."""

    ANSWER = "answer"
    IDENTITY = "identity"
    REQUEST = "request"
    LEGAL = "legal"
    SAFETY = "safety"


class Priority(StrEnum):
    """How soon a person must look."""

    NORMAL = "normal"
    URGENT = "urgent"


class StaffRole(StrEnum):
    """What a member of staff may do at the staff desk; whoever has none of these has no account."""

    AGENT = "agent"
    PRIVACY_OFFICER = "privacy_officer"
    AUDITOR = "auditor"
    ADMIN = "admin"


class AuditEvent(StrEnum):
    """What the desk writes down about its own doings; never with a personal value."""

    SESSION_OPENED = "session_opened"
    ACCESS_SUMMARY_SHOWN = "access_summary_shown"
    CASE_FILED = "case_filed"
    CASE_STATEMENT_ADDED = "case_statement_added"
    CASE_CHANGED = "case_changed"
    CASE_CONFIRMED = "case_confirmed"
    CASE_LINKED = "case_linked"
    CASE_ASSIGNED = "case_assigned"
    CASE_NOTED = "case_noted"
    CASE_ANSWERED = "case_answered"
    CASE_REFUSED = "case_refused"
    CASE_REPLIED = "case_replied"
    CASE_REOPENED = "case_reopened"
    CASE_SECOND_LOOK = "case_second_look"
    CASE_CLOSED = "case_closed"
    CASE_CLAIMED = "case_claimed"
    CASE_DUE_SOON = "case_due_soon"
    CASE_OVERDUE = "case_overdue"
    CLAIM_WRONG = "claim_wrong"
    REQUEST_RECEIVED = "request_received"
    REQUEST_REVOKED = "request_revoked"
    REQUEST_EXPIRED = "request_expired"
    REQUEST_ON_HOLD = "request_on_hold"
    REQUEST_DENIED = "request_denied"
    REQUEST_COOLING_OFF = "request_cooling_off"
    REQUEST_STARTED = "request_started"
    REQUEST_FULFILLED = "request_fulfilled"
    REQUEST_PARTLY_FULFILLED = "request_partly_fulfilled"
    REQUEST_EXTENDED = "request_extended"
    REQUEST_DUE_SOON = "request_due_soon"
    REQUEST_OVERDUE = "request_overdue"
    CODE_SENT = "code_sent"
    CODE_WRONG = "code_wrong"
    IDENTITY_VERIFIED = "identity_verified"
    EXPORT_READY = "export_ready"
    EXPORT_FETCHED = "export_fetched"
    CONSENT_CHANGED = "consent_changed"
    RESTRICTED = "restricted"
    RESTRICTION_LIFTED = "restriction_lifted"
    HOLD_PLACED = "hold_placed"
    HOLD_RELEASED = "hold_released"
    CERTIFICATE_SENT = "certificate_sent"
    ATTACHMENT_KEPT = "attachment_kept"
    ATTACHMENT_READ = "attachment_read"
    CONVERSATION_EXPORTED = "conversation_exported"
    MINOR_RECOGNISED = "minor_recognised"
    MINOR_DECLARED = "minor_declared"
    MINOR_MARK_CLEARED = "minor_mark_cleared"
    CAME_OF_AGE = "came_of_age"
    OF_AGE_ANSWERED = "of_age_answered"
    GUARDIAN_ASKED = "guardian_asked"
    GUARDIAN_REMINDED = "guardian_reminded"
    GUARDIAN_FORM_SENT = "guardian_form_sent"
    GUARDIAN_FORM_REFUSED = "guardian_form_refused"
    GUARDIAN_CONSENTED = "guardian_consented"
    GUARDIAN_TEXT = "guardian_text"
    GUARDIAN_REFUSED = "guardian_refused"
    GUARDIAN_LINK_SENT = "guardian_link_sent"
    GUARDIAN_WITHDREW = "guardian_withdrew"
    GUARDIAN_EXPIRED = "guardian_expired"
    GUARDIAN_CANCELLED = "guardian_cancelled"
    GUARDIAN_ENDED = "guardian_ended"
    GUARDIAN_DISPUTE = "guardian_dispute"
    GUARDIAN_DISPUTE_SETTLED = "guardian_dispute_settled"
    GUARDIAN_FORGOTTEN = "guardian_forgotten"
    SUBJECT_FORGOTTEN = "subject_forgotten"
    REQUEST_AWAITING_APPROVAL = "request_awaiting_approval"
    REQUEST_APPROVED = "request_approved"
    REQUEST_ASSIGNED = "request_assigned"
    CUSTOMER_CARD_OPENED = "customer_card_opened"
    REQUEST_LOG_EXPORTED = "request_log_exported"
    STAFF_ADDED = "staff_added"
    STAFF_DISABLED = "staff_disabled"
    STAFF_RESET = "staff_reset"
    STAFF_PASSWORD_CHANGED = "staff_password_changed"  # noqa: S105
    STAFF_SIGNED_IN = "staff_signed_in"
    STAFF_SIGN_IN_REFUSED = "staff_sign_in_refused"
    STAFF_SIGNED_OUT = "staff_signed_out"
    POLICY_PUBLISHED = "policy_published"
    POLICY_ACCEPTED = "policy_accepted"
    POLICY_OBJECTED = "policy_objected"
    POLICY_DEEMED_ACCEPTED = "policy_deemed_accepted"
    HANDOFF_TAKEN = "handoff_taken"
    HANDOFF_TRANSFERRED = "handoff_transferred"
    HANDOFF_RELEASED = "handoff_released"
    HANDOFF_LEASE_EXPIRED = "handoff_lease_expired"
    HANDOFF_ENDED = "handoff_ended"
    HANDOFF_LEFT = "handoff_left"
    VALUE_REVEALED = "value_revealed"


DIGRESSIONS = frozenset(
    {
        "ask_policy",
        "ask_request_status",
        "ask_step",
        "greet",
        "help",
        "out_of_scope",
        "request_access",
        "shop_question",
        "thank",
    }
)
"""Intents of a message that is answered at once and leaves open what the person was asked before."""
