"""Which room carries out which right; a kind without a room is carried out by a person."""

from collections.abc import Mapping

from bot.privacy import consent_withdrawal, erasure, export, rectification
from bot.privacy.room import Room
from bot.vocabulary import RequestKind

ROOMS: Mapping[RequestKind, Room] = {
    RequestKind.EXPORT: export.ROOM,
    RequestKind.RECTIFICATION: rectification.ROOM,
    RequestKind.ERASURE: erasure.ROOM,
    RequestKind.ANONYMISATION: erasure.ROOM,
    RequestKind.CANCEL_ACCOUNT: erasure.ROOM,
    RequestKind.WITHDRAW_CONSENT: consent_withdrawal.ROOM,
    RequestKind.OBJECT_TO_PROCESSING: consent_withdrawal.ROOM,
}
