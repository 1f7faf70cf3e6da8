"""Can I undo it, what if I say no, what is the code for: answered by what the desk does, and the step stands again."""

from actions.base import DeskAction, Events, Turn
from actions.erasure import ErasureJourney, window_in_words
from bot.clocks import in_words_with_time
from bot.privacy.request_status import own_requests
from bot.privacy.step_questions import StepTopic, topic_of
from bot.vocabulary import RequestKind, RequestState


class AnswerStep(DeskAction):
    """Answers a question about the step that is open."""

    action_name = "action_answer_step"

    def act(self, turn: Turn) -> Events:
        """Say what holds for the right that is asked for, or for the request that was agreed to."""
        topic = topic_of(turn.words(turn.origin)) or StepTopic.NEXT
        if turn.tracker.active_loop.get("name") != "request_form":
            say_until(turn)
            return []
        kind = RequestKind(turn.tracker.get_slot("request_kind"))
        erases = kind in ErasureJourney.kinds
        days = turn.desk.settings.cooling_off_days if erases else 0
        if topic in (StepTopic.UNDO, StepTopic.TIME):
            response = f"utter_step_{'erasing' if days else 'at_once' if erases else kind.value}"
            turn.say(response, window=window_in_words(days))
        elif topic is StepTopic.CODE or (topic is StepTopic.NEXT and turn.tracker.get_slot("request_number")):
            settings = turn.desk.settings
            turn.say("utter_step_code", minutes=str(settings.code_minutes), days=str(settings.unverified_days))
        else:
            turn.say(f"utter_step_{topic.value}")
        return []


def say_until(turn: Turn) -> None:
    """Say until when the request that was agreed to can be taken back; a question takes nothing back."""
    requests = own_requests(turn.session, turn.chat.subject) if turn.chat.subject else []
    waiting = next((each for each in requests if each.state is RequestState.COOLING_OFF and each.until), None)
    if waiting is None or waiting.until is None:
        turn.say("utter_step_runs")
        return
    buttons = [{"title": turn.text("utter_choice_take_back"), "payload": f"/revoke_request {waiting.number}"}]
    turn.say("utter_step_until", buttons=buttons, number=waiting.number, until=in_words_with_time(waiting.until))
