"""The page of policy notices at the staff desk."""

from datetime import UTC, datetime

from bot.vocabulary import StaffRole
from tests import rights
from tests.desk_pages import at_the_desk
from tests.unit import policy_desks as people
from tests.unit.policy_desks import SECOND

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_staff_see_versions_deliveries_windows_and_objections(settings, tmp_path, seeded_shop, empty_desk):
    desk = people.open_desk(settings, tmp_path, seeded_shop, empty_desk, START)
    people.publish_second(desk)
    people.tell(desk)
    made = people.objects(desk, "2020")

    async def visit(user):
        await user.open("/policy")
        await user.should_see(SECOND)
        await user.open(f"/policy/{SECOND}")
        await user.should_see("You can see and correct less than before.")
        await user.should_see(made.case.number)
        await user.should_see("Every notice was delivered.")

    at_the_desk(desk, StaffRole.AUDITOR, visit)
    rights.close(desk)


def test_without_a_new_version_the_page_says_so(desk):
    async def visit(user):
        await user.open("/policy")
        await user.should_see("No new version of the policy has been published.")

    at_the_desk(desk, StaffRole.AGENT, visit)
