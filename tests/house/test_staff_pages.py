"""The pages of the staff desk fit together, whoever adds one."""

from collections import Counter

from bot.desk.app import application
from bot.desk.registry import ENTRIES


def test_every_page_has_roles_and_every_shortcut_leads_to_one_page():
    application()
    shortcuts = Counter(entry.shortcut for entry in ENTRIES.values() if entry.shortcut)
    assert [key for key, count in shortcuts.items() if count > 1] == []
    assert all(entry.roles and entry.title for entry in ENTRIES.values())
    assert all("{" not in entry.path for entry in ENTRIES.values() if entry.shortcut)
