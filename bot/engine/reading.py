"""Reads texts with the trained model, several at once and without a conversation around them."""

from typing import Any, Dict, List

from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.shared.core.trackers import DialogueStateTracker


def read_together(processor: MessageProcessor, texts: List[str]) -> List[Dict[str, Any]]:
    """Understands texts together; each result is what Rasa would keep with the message."""
    inputs = {
        PLACEHOLDER_MESSAGE: [UserMessage(text) for text in texts],
        PLACEHOLDER_TRACKER: DialogueStateTracker.from_events("reading", []),
    }
    target = processor.model_metadata.nlu_target
    read = processor.graph_runner.run(inputs=inputs, targets=[target])[target]
    return [message.as_dict(only_output_properties=True) for message in read]
