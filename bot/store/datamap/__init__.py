"""What the shop's database holds about people, read from `data/datamap.yml` and held against the live schema."""

from bot.store.datamap.checking import check
from bot.store.datamap.model import (
    Category,
    Column,
    Condition,
    ConsentRecords,
    DataMap,
    Erase,
    ErasureAction,
    KeepReason,
    Match,
    PolicyClass,
    Purpose,
    PurposeBasis,
    Show,
    Subject,
    Table,
    Through,
    Warn,
    Way,
)
from bot.store.datamap.reading import load

__all__ = [
    "Category",
    "Column",
    "Condition",
    "ConsentRecords",
    "DataMap",
    "Erase",
    "ErasureAction",
    "KeepReason",
    "Match",
    "PolicyClass",
    "Purpose",
    "PurposeBasis",
    "Show",
    "Subject",
    "Table",
    "Through",
    "Warn",
    "Way",
    "check",
    "load",
]
