"""What the shop's database holds about people, read from `data/datamap.yml` and held against the live schema."""

from bot.store.datamap.checking import check
from bot.store.datamap.model import (
    Category,
    Column,
    Condition,
    DataMap,
    Erase,
    ErasureAction,
    KeepReason,
    Match,
    PolicyClass,
    Show,
    Subject,
    Table,
    Through,
    Way,
)
from bot.store.datamap.reading import load

__all__ = [
    "Category",
    "Column",
    "Condition",
    "DataMap",
    "Erase",
    "ErasureAction",
    "KeepReason",
    "Match",
    "PolicyClass",
    "Show",
    "Subject",
    "Table",
    "Through",
    "Way",
    "check",
    "load",
]
