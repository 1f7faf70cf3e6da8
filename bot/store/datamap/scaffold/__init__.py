"""Writes a first data map from a live database, so that a shop completes one instead of beginning with nothing.

Names, types, keys and the shape of a few values are looked at; no value is ever written or printed.
"""

from bot.store.datamap.scaffold.proposing import Decision, Proposal, propose

__all__ = ["Decision", "Proposal", "propose"]
