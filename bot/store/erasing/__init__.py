"""Carries out an erasure in the shop's own database, driven by the data map alone (GDPR Article 17; policy clauses
`your-rights` and `delete-or-anonymise`).

    snapshot = freeze(shop, subject_id)                      # kept until the request is fulfilled
    decided = plan(shop, snapshot, scope, mode, today)        # told to the person before the yes
    for table in erasure_order(shop.datamap, shop.metadata):
        erase_table(shop, snapshot, table, scope, mode, today, secret)
    settle(shop)
    assert residue(shop, snapshot, scope, mode, today) == []

Every call may be repeated after a kill: it comes to the same end.
"""

from bot.store.erasing.carrying_out import erase_table, settle
from bot.store.erasing.order import erasure_order
from bot.store.erasing.planning import ErasurePlan, TablePlan, Warned, plan
from bot.store.erasing.residue import Residue, by_itself, residue
from bot.store.erasing.snapshot import freeze, identify, jsonable
from bot.store.erasing.spelling import any_spelling
from bot.store.erasing.treatment import ANONYMISE, DELETE, EVERYTHING, RECORDED

__all__ = [
    "ANONYMISE",
    "DELETE",
    "EVERYTHING",
    "RECORDED",
    "ErasurePlan",
    "Residue",
    "TablePlan",
    "Warned",
    "any_spelling",
    "by_itself",
    "erase_table",
    "erasure_order",
    "freeze",
    "identify",
    "jsonable",
    "plan",
    "residue",
    "settle",
]
