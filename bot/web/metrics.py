"""Counts for the shop's monitoring; never with a label that could name a person."""

from prometheus_client import Counter, Histogram

SESSIONS = Counter("desk_sessions_opened", "Sessions opened", ["kind"])
TURNS = Histogram("desk_turn_seconds", "Time from a message to its stored answer")
