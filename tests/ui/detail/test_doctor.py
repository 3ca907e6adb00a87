"""The doctor's screen: what ails, the ways out, and nothing written before a word was typed."""

from __future__ import annotations

from msgspec import structs

from acp_tui.model.plan import Check, CheckResult, Intent, Plan, Verb
from acp_tui.model.recovery import Act, Ailment, Diagnosis, Life, Remedy
from acp_tui.ui.review.plan import ReviewScreen
from acp_tui.ui.screens.doctor import DoctorScreen
from tests.fakes.backend import NOW, FakeBackend
from tests.ui.detail.plans import PAYMENTS, plan
from tests.ui.detail.scene import scene
from tests.ui.detail.stage import stage

MARK = Remedy(Act.MARK_FAILED, "Mark revision 9 failed", "label and payload say failed", (9,))
BACK = Remedy(Act.ROLL_BACK, "Roll back to 8", "a new revision with what 8 says", (8,))
FOUND = Diagnosis(
    PAYMENTS,
    Ailment.PENDING_UPGRADE,
    "The upgrade that made revision 9 never ended; nobody works on it any more.",
    9,
    "pending-upgrade",
    Life.NOBODY,
    ("record written 41 m ago; a Helm with 0 hooks and its usual time-out is over after 10 m",),
    (MARK, BACK),
)


def stuck(*, refused: bool = False) -> FakeBackend:
    fake = scene()
    fake.controller.doctor.found[PAYMENTS] = (FOUND,)
    no = Check("life", "Nobody works on it", CheckResult.REFUSE, "somebody does", "Wait until it is over.")
    checks = (no,) if refused else ()
    headline = f"{MARK.title} of payments-api"
    fake.controller.doctor.plans.append(
        Plan("p", Intent(Verb.RECOVER, PAYMENTS), NOW, headline=headline, checks=checks, confirm="payments-api")
    )
    return fake


async def test_it_says_the_trouble_its_facts_and_the_least_way_out_first() -> None:
    async with stage(lambda fake: DoctorScreen(PAYMENTS), fake=stuck()) as here:
        assert "pending-upgrade  The upgrade that made revision 9 never ended" in here.shown
        assert "record written 41 m ago" in here.shown
        assert here.shown.index("Mark revision 9 failed") < here.shown.index("Roll back to 8")


async def test_an_act_on_records_wants_its_word_and_then_looks_again() -> None:
    fake = stuck()
    async with stage(lambda fake: DoctorScreen(PAYMENTS), fake=fake) as here:
        await here.press("enter")
        await here.answer("payments")
        assert here.said == "That is not payments-api: nothing was done"
        assert fake.controller.doctor.done == []
        await here.press("enter")
        await here.answer("payments-api")
        assert fake.controller.doctor.done == ["mark-failed"]
        assert "Nothing ails it" in here.shown
        await here.press("u")
        await here.answer("payments-api")
        assert fake.controller.doctor.done == ["mark-failed", "put-back"]


async def test_a_refused_act_says_why_and_asks_nothing() -> None:
    fake = stuck(refused=True)
    async with stage(lambda fake: DoctorScreen(PAYMENTS), fake=fake) as here:
        await here.press("enter")
        assert "Refused by the check 'Nobody works on it'" in here.said
        assert fake.controller.doctor.done == []


async def test_an_act_of_helm_goes_through_the_review() -> None:
    fake = stuck()
    fake.controller.plans.append(structs.replace(plan(), intent=Intent(Verb.ROLLBACK, PAYMENTS, revision=8)))
    async with stage(lambda fake: DoctorScreen(PAYMENTS), fake=fake) as here:
        await here.press("down", "enter")
        assert isinstance(here.screen, ReviewScreen)
        assert fake.controller.intents[-1].revision == 8


async def test_a_release_that_is_well_says_so() -> None:
    async with stage(lambda fake: DoctorScreen(PAYMENTS)) as here:
        assert "Nothing ails it" in here.shown
        assert "There is nothing to do." in here.shown
