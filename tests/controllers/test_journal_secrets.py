"""Whatever values, charts and engines say, no secret of them lies in the journal."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable

import pytest

from acp_tui.clients.helm.engine import Rendered
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.journal import Journal
from acp_tui.model.operation import OperationState
from acp_tui.model.plan import Verb
from tests.controllers.conftest import SECRET_WORD, intent, manifest
from tests.fakes.cluster import FakeEngine

PASSWORD = "correct-horse battery\"staple\\'<>&"
TOKEN = "tok-Zm9v.YmFy_unique"
LOGIN = "chart-robot:pull-me-9231"
VALUES = f"""
db:
  password: {json.dumps(PASSWORD)}
auth: {{apiToken: "{TOKEN}"}}
env:
- name: SMTP_PASSWORD
  value: mail-secret-7
tls:
  privateKey: |
    -----BEGIN KEY-----
    c2VjcmV0LWtleS1saW5l
"""
NEVER = (PASSWORD, "battery", TOKEN, LOGIN, "pull-me-9231", "mail-secret-7", "c2VjcmV0LWtleS1saW5l", SECRET_WORD)


def written(journal: Journal) -> str:
    texts = [path.read_text("utf-8") for path in journal.folder.rglob("*") if path.is_file()]
    assert texts
    return "\n".join(texts)


def assert_clean(text: str) -> None:
    for secret in NEVER:
        assert secret not in text
        assert base64.b64encode(secret.encode()).decode() not in text


@pytest.mark.parametrize("fails", ["", "values do not meet the schema: password {0} is too short, token {1}, {2}"])
async def test_an_upgrade_with_secret_values(
    controller: Controller, engine: FakeEngine, journal: Journal, caplog: pytest.LogCaptureFixture, fails: str
) -> None:
    caplog.set_level(logging.DEBUG)
    engine.rendered = Rendered(
        manifest=manifest("1.9.3"), hooks=(), notes=f"password is {SECRET_WORD}", chart="api", chart_version="1.9.3",
        app_version="1", values={},
    )  # fmt: skip
    engine.says = (f"using {TOKEN}", f"https://{LOGIN}@charts.example/api.tgz", "mail-secret-7", SECRET_WORD)
    engine.fails = fails.format(PASSWORD, TOKEN, f"https://{LOGIN}@charts.example") if fails else ""
    wanted = intent(Verb.UPGRADE, chart=f"https://{LOGIN}@charts.example/api.tgz", values=VALUES)
    plan = await controller.plan(wanted)
    ended = await controller.wait(controller.start(plan).id)
    assert ended.state is (OperationState.FAILED if fails else OperationState.SUCCEEDED)
    assert_clean(written(journal))
    assert_clean(caplog.text)


async def test_values_that_are_no_yaml(controller: Controller, engine: FakeEngine, journal: Journal) -> None:
    """What breaks is the line with the secret in it."""
    engine.rendered = Rendered(
        manifest=manifest("1.9.3"), hooks=(), notes="", chart="api", chart_version="1.9.3", app_version="1", values={}
    )
    plan = await controller.plan(intent(Verb.UPGRADE, values=f"password: '{TOKEN}' {SECRET_WORD}: [mail-secret-7"))
    ended = await controller.wait(controller.start(plan).id)
    assert ended.state is OperationState.FAILED
    assert_clean(written(journal))


async def test_a_refused_act_with_secret_values(
    make_controller: Callable[..., Controller], engine: FakeEngine, journal: Journal
) -> None:
    controller = make_controller(read_only=True)
    engine.rendered = Rendered(
        manifest=manifest("1.9.3"), hooks=(), notes="", chart="api", chart_version="1.9.3", app_version="1", values={}
    )
    wanted = intent(Verb.UPGRADE, chart=f"https://{LOGIN}@charts.example/api.tgz", values=VALUES)
    plan = await controller.plan(wanted)
    with pytest.raises(Exception, match="Refused"):
        controller.start(plan)
    assert_clean(written(journal))
