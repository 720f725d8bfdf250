"""axe-core finds nothing serious on any page, in the light and in the dark, on a desk and on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Page

from designer.gallery.load import load_gallery
from orchestrator.definitions.models import Machine
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, StartRequest, send, start
from orchestrator.runtime.models import Instance
from orchestrator.schedules.models import Schedule
from orchestrator.schedules.sweeping import sweep
from tests.browser import Enter
from tests.schedules.cast import overdue, scheduled
from tests.support import needs_chromium

pytestmark = needs_chromium
PAGES = [
    "/",
    "/machines/new",
    "/machines/order-fulfilment/design",
    "/machines/order-fulfilment/design?select=validating_payment",
    "/machines/document-approval/design?select=waiting/after/0",
    "/machines/document-approval/versions",
    "/admin/",
    "/admin/operations/machines/document-approval/",
    "/admin/operations/instances/",
    "/admin/operations/instances/{instance}/",
    "/admin/operations/incidents/",
    "/admin/operations/schedules/",
    "/admin/operations/schedules/new/",
    "/admin/operations/schedules/{schedule}/",
    "/admin/operations/mail/",
]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def ada(transactional_db: None) -> User:
    ada = User.objects.create_superuser("ada", password="pw")
    load_gallery(ada)
    started = start(StartRequest("document-approval", "DOC-1"))
    drain()
    send(EventRequest("submit", instance=started.instance))
    drain()
    overdue(scheduled(Machine.objects.get(slug="document-approval")), 1)
    sweep()
    return ada


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical, with the first place of each."""
    found = Axe().run(page).response["violations"]
    bad = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return [f"{page.url} {rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in bad]


@pytest.mark.parametrize("options", [{"color_scheme": "light"}, {"color_scheme": "dark", "viewport": PHONE}])
def test_no_page_has_a_serious_barrier(enter: Enter, ada: User, options: dict[str, object]) -> None:
    page = enter(ada, **options)
    instance = Instance.objects.earliest("id").pk
    schedule = Schedule.objects.get().pk
    found = []
    for address in PAGES:
        page.goto(address.format(instance=instance, schedule=schedule))
        page.wait_for_load_state("load")
        found.extend(serious(page))
    assert found == []
