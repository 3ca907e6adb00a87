"""What a person does with keys alone in the tree of an application."""

from __future__ import annotations

import pytest
from textual.screen import Screen

from acp_tui.ui.screens.logs import LogsScreen
from acp_tui.ui.screens.revision import RevisionScreen
from acp_tui.ui.screens.text import TextScreen
from acp_tui.ui.screens.tree import TreeScreen
from tests.ui.detail.scene import POD, broken_tree, node, ref, scene
from tests.ui.detail.stage import stage, tree_of_payments


async def test_the_tree_opens_on_the_branch_that_fails_with_the_reason() -> None:
    async with stage(tree_of_payments) as here:
        assert "ImagePullBackOff: registry/pay:1.9.2 not found" in here.shown
        assert "ConfigMap 3, Secret 2, HorizontalPodAutoscaler 1" in here.shown
        assert "platform: Partially Running" in here.shown
        assert "last good" in here.shown, "the history strip stands below"


async def test_the_tree_follows_the_live_picture() -> None:
    async with stage(tree_of_payments) as here:
        application = next(row for row in here.fake.fleet.rows("applications") if row.ref.name == "payments-api")
        here.fake.inspector.trees[application.key] = node(ref("Application", "payments-api"), note="all is well")
        screen = here.screen
        assert isinstance(screen, TreeScreen)
        here.fake.fleet.tell("applications")
        assert screen.root == broken_tree(), "not asked for twice within moments"
        screen._again()
        await here.settle()
        assert "all is well" in here.shown


@pytest.mark.parametrize(("key", "kind"), [("y", TextScreen), ("d", TextScreen), ("e", TextScreen), ("l", LogsScreen)])
async def test_a_pod_of_the_tree_is_one_key_from_its_yaml_and_logs(key: str, kind: type[Screen[None]]) -> None:
    async with stage(tree_of_payments) as here:
        await here.press("down", "down", "down", key)
        assert isinstance(here.screen, kind)
        assert POD in (getattr(here.screen, "ref", None), *getattr(here.screen, "refs", ()))


async def test_tab_moves_to_the_history_where_enter_opens_a_revision() -> None:
    async with stage(tree_of_payments) as here:
        await here.press("tab", "down", "enter")
        assert isinstance(here.screen, RevisionScreen)
        assert here.screen.revision == 41


async def test_a_tree_that_cannot_be_had_says_why_and_leaves_the_way_back() -> None:
    fake = scene()
    fake.inspector.trees.clear()
    async with stage(tree_of_payments, fake=fake) as here:
        assert "check the word, or the rights" in here.shown
        await here.press("escape")
        assert not isinstance(here.screen, TreeScreen)
