"""One root for everything that can be said no to.

Messages hold ids and numbers, never a person's values: they end in logs and problem answers.
"""

from collections.abc import Sequence


class DeskError(Exception):
    """Something a person or a caller can be told about, with what to do next.

    Attributes:
        code: Stable name; the bot's reply for it is `utter_error_<code>` in `domain.yml`.
        status: HTTP status for callers of the API.
        detail: One sentence that says what to do next.
    """

    code = "failed"
    status = 500
    detail = "Something went wrong on our side. Please try again."

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.detail
        super().__init__(self.detail)


class SetupError(DeskError):
    """The desk cannot start: the sentence names the cure."""

    code = "setup"


class NotSignedIn(DeskError):
    """The act needs a known customer."""

    code = "not_signed_in"
    status = 401
    detail = "Please sign in to the shop first, then ask again."


class InvalidToken(DeskError):
    """A shop token that is wrong, expired, or was used before."""

    code = "invalid_token"
    status = 401
    detail = "The sign-in was not accepted. Please sign in to the shop again."


class SessionExpired(DeskError):
    """No live session for this token."""

    code = "session_expired"
    status = 401
    detail = "This chat session has ended. Please open the chat again."


class Invalid(DeskError):
    """Input that cannot be used as it is."""

    code = "invalid"
    status = 422


class TooLong(DeskError):
    """More than the desk reads at once."""

    code = "too_long"
    status = 413
    detail = "A message may have at most 4,000 characters. Please shorten it or send it in parts."


class ChoiceGone(DeskError):
    """A button of an earlier question, or of somebody else's conversation."""

    code = "choice_gone"
    status = 410
    detail = "That choice belongs to an earlier question. Please use the newest one or write what you want."


class FormInvalid(DeskError):
    """Fields of a form that cannot be used as they are.

    Attributes:
        errors: Field name and what to do about it, in the order of the form. Never what was filled in.
    """

    code = "form_invalid"
    status = 422
    detail = "Please look at the marked fields of the form and send it again."

    def __init__(self, errors: Sequence[tuple[str, str]], detail: str | None = None) -> None:
        self.errors = [{"field": field, "detail": sentence} for field, sentence in errors]
        super().__init__(detail)


class FormGone(DeskError):
    """A form that was sent already, or of somebody else's conversation."""

    code = "form_gone"
    status = 410
    detail = "This form was sent already or is no longer open. Please tell me again what you would like to do."


class Conflict(DeskError):
    """The same key with another body, or a turn that still runs."""

    code = "conflict"
    status = 409


class RateLimited(DeskError):
    """Too much in too short a time."""

    code = "rate_limited"
    status = 429
    detail = "That was a lot at once. Please wait a minute and try again."


class TooManyCodes(DeskError):
    """As many identity codes as may be sent were sent."""

    code = "too_many_codes"
    status = 429
    detail = "No more codes can be sent for now. Please try again tomorrow, or ask for a person."


class GuardianLinkGone(DeskError):
    """A link of a parent or guardian that was used, is too old, or never was."""

    code = "guardian_link_gone"
    status = 410
    detail = "This link no longer serves. If you have decided already, use the link in your receipt mail."


class GuardianNotProved(DeskError):
    """An act of a guardian without the code that shows who they are."""

    code = "guardian_not_proved"
    status = 403
    detail = "Please type the code from your mail first."


class OwnGuardian(DeskError):
    """Somebody under 18 tries to be their own guardian."""

    code = "own_guardian"
    status = 403
    detail = (
        "A young person cannot agree for themselves. The parent or guardian opens the link on a device of their own."
    )


class GuardianNotNeeded(DeskError):
    """The customer is not under 18."""

    code = "guardian_not_needed"
    status = 409
    detail = "No consent of a parent or guardian is needed for this account."


class TooManyGuardians(DeskError):
    """As many parents or guardians as may be asked were asked."""

    code = "too_many_guardians"
    status = 429
    detail = "Enough mails were sent to parents or guardians for now. Please wait for an answer, or ask for a person."


class UnusableFile(DeskError):
    """A file that cannot be taken; the sentence says why and what to send instead."""

    code = "unusable_file"
    status = 422
    detail = "This file cannot be used. Please send a PDF, a JPG or a PNG of at most 5 MB."


class NotFound(DeskError):
    """Nothing here under that name, or not yours."""

    code = "not_found"
    status = 404
    detail = "There is nothing here under that name."


class SamePerson(DeskError):
    """A second look by whoever looked first."""

    code = "same_person"
    status = 409
    detail = "A second look is taken by somebody else. Please hand this case to a colleague who has not answered it."


class NotRevocable(DeskError):
    """The request has gone too far, or was taken back already."""

    code = "not_revocable"
    status = 409
    detail = "This request can no longer be taken back."


class GuardianNeeded(DeskError):
    """A minor cannot agree without a parent or guardian (policy clause `minors`)."""

    code = "guardian_needed"
    status = 403
    detail = "For people under 18 a parent or guardian has to agree first."


class Unavailable(DeskError):
    """A part of the desk does not answer; nothing was done."""

    code = "unavailable"
    status = 503
    detail = "The desk could not do that just now, and nothing was changed. Please try again in a moment."
