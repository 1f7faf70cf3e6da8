"""A yes or a no in words, outside a form: to what was asked last, or to nothing."""

from actions import consent_withdrawal, policy_objection
from actions.base import DeskAction, Events, Turn


class Affirm(DeskAction):
    """Takes a yes in words to what was asked last; says otherwise that nothing was asked."""

    action_name = "action_affirm"

    def act(self, turn: Turn) -> Events:
        """Do what was asked, if something was."""
        if not policy_objection.take_yes(turn) and not consent_withdrawal.take_yes(turn):
            turn.say("utter_affirm_alone")
        return []


class Deny(DeskAction):
    """Takes a no in words to a new version of the policy; says otherwise that everything stays as it is."""

    action_name = "action_deny"

    def act(self, turn: Turn) -> Events:
        """Record it when that was what the person was asked."""
        if not policy_objection.take_no(turn):
            turn.say("utter_deny_alone")
        return []
