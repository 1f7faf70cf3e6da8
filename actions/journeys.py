"""Which journey leads which right, and which intent begins it."""

from actions.access import ExportJourney
from actions.consent_withdrawal import ConsentJourney
from actions.erasure import ErasureJourney
from actions.journey import Journey
from actions.rectification import RectificationJourney
from bot.vocabulary import RequestKind

KIND_OF_INTENT = {
    "request_export": RequestKind.EXPORT,
    "request_rectification": RequestKind.RECTIFICATION,
    "request_erasure": RequestKind.ERASURE,
    "request_anonymisation": RequestKind.ANONYMISATION,
    "cancel_account": RequestKind.CANCEL_ACCOUNT,
    "withdraw_consent": RequestKind.WITHDRAW_CONSENT,
    "object_to_processing": RequestKind.OBJECT_TO_PROCESSING,
}
INTENT_OF_KIND = {kind: intent for intent, kind in KIND_OF_INTENT.items()}

JOURNEYS: dict[RequestKind, Journey] = {
    kind: journey
    for journey in (ExportJourney(), RectificationJourney(), ErasureJourney(), ConsentJourney())
    for kind in journey.kinds
}
