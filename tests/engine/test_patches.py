import asyncio
import time

import jsonschema
import pytest
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.engine import patches

patches.apply()


def remote(url):
    return RemoteAction("action_answer_policy", EndpointConfig(url, headers={"X-Desk-Secret": "s"}))


async def run(action, times=1):
    domain = Domain.from_yaml('{version: "3.1", responses: {utter_policy: [{text: "The policy says."}]}}')
    tracker = DialogueStateTracker.from_events("c", [])
    nlg = TemplatedNaturalLanguageGenerator(domain.responses)
    try:
        return [await action.run(OutputChannel(), nlg, tracker, domain) for _ in range(times)][-1]
    finally:
        await patches.close_sessions()


def test_results_are_checked_without_checking_the_schema_again(monkeypatch):
    def never(*_, **__):
        raise AssertionError("the schema was checked again")

    for kind in (jsonschema.Draft7Validator, jsonschema.Draft202012Validator):
        monkeypatch.setattr(kind, "check_schema", never)
    assert remote("http://unused")._validate_action_result({"events": [], "responses": [{"text": "x"}]})


def test_checking_a_result_takes_less_than_five_milliseconds():
    action = remote("http://unused")
    result = {"events": [{"event": "slot", "name": "seen", "value": "x", "timestamp": None}], "responses": []}
    started = time.process_time()
    for _ in range(20):
        action._validate_action_result(result)
    assert (time.process_time() - started) / 20 < 0.005


def test_a_result_of_another_form_is_refused_without_quoting_it():
    with pytest.raises(jsonschema.ValidationError) as refused:
        remote("http://unused")._validate_action_result({"events": "private words"})
    assert "private words" not in str(refused.value)


def test_event_types_are_looked_up_once(monkeypatch):
    import rasa.shared.utils.common

    assert Event.resolve_by_type("slot") is SlotSet

    def never(*_):
        raise AssertionError("all event classes were walked again")

    monkeypatch.setattr(rasa.shared.utils.common, "all_subclasses", never)
    assert Event.resolve_by_type("slot") is SlotSet


def test_an_unknown_event_type_is_still_an_error():
    with pytest.raises(ValueError, match="Unknown event"):
        Event.resolve_by_type("no such event")
    assert Event.resolve_by_type("no such event", SlotSet) is SlotSet
    with pytest.raises(ValueError, match="Unknown event"):
        Event.resolve_by_type("no such event")


def test_several_actions_share_one_connection(actions):
    asyncio.run(run(remote(actions.url), times=3))
    assert len(actions.calls) == 3
    assert actions.connections == 1
    assert actions.secrets == ["s"] * 3


def test_a_stalled_action_is_given_up_within_its_budget(actions, monkeypatch):
    import rasa.core.actions.action

    assert rasa.core.actions.action.DEFAULT_REQUEST_TIMEOUT == 10
    monkeypatch.setattr(rasa.core.actions.action, "DEFAULT_REQUEST_TIMEOUT", 0.2)
    actions.seconds = 2
    started = time.monotonic()
    with pytest.raises(patches.ActionsUnavailable):
        asyncio.run(run(remote(actions.url)))
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("status", [404, 449, 500, 503])
def test_an_action_that_fails_ends_the_turn(actions, status):
    actions.status = status
    with pytest.raises(patches.ActionsUnavailable, match="action_answer_policy"):
        asyncio.run(run(remote(actions.url)))


def test_an_action_server_that_is_down_ends_the_turn():
    with pytest.raises(patches.ActionsUnavailable):
        asyncio.run(run(remote("http://127.0.0.1:9/webhook")))


def test_a_rejection_stays_a_rejection(actions):
    actions.status = 400
    with pytest.raises(ActionExecutionRejection):
        asyncio.run(run(remote(actions.url)))


def test_no_border_of_rasa_swallows_a_failed_action():
    assert not issubclass(patches.ActionsUnavailable, Exception)


def test_applying_twice_changes_nothing():
    before = RemoteAction.run
    patches.apply()
    assert RemoteAction.run is before
