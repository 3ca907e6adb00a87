"""What may be typed into the deploy and upgrade forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from acp_tui.clients.editor import edit
from acp_tui.model.errors import UsageError
from acp_tui.model.plan import Intent, ValuesMode, Verb
from acp_tui.model.release import ReleaseRef
from acp_tui.ui.review.forms import Typed, deploy, upgrade, values_problem

CLUSTERS = ("staging", "prod-east")
GOOD = {"chart": "repo/api", "name": "payments", "cluster": "staging", "namespace": "shop"}


def test_a_complete_form_is_an_intent() -> None:
    judged = deploy(Typed({**GOOD, "version": " 1.2 "}, {"create_namespace": True}, edited="a: 1\n"), CLUSTERS)
    assert judged.intent == Intent(
        Verb.DEPLOY,
        ReleaseRef("staging", "shop", "payments"),
        chart="repo/api",
        version="1.2",
        values="a: 1\n",
        create_namespace=True,
    )


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"chart": ""}, "chart", "name a chart"),
        ({"chart": "./nowhere"}, "chart", "no such file"),
        ({"chart": "nginx"}, "chart", "needs a repository"),
        ({"name": "Payments"}, "name", "small letters"),
        ({"name": "x" * 54}, "name", "at most 53"),
        ({"namespace": "a.b"}, "namespace", "small letters"),
        ({"cluster": "nope"}, "cluster", "one of prod-east, staging"),
        ({"repository": "ftp://x"}, "repository", "https://"),
        ({"values": "/nowhere.yaml"}, "values", "cannot be read"),
    ],
)
def test_each_mistake_is_said_at_its_field(changed: dict[str, str], field: str, says: str) -> None:
    judged = deploy(Typed({**GOOD, **changed}), CLUSTERS)
    assert judged.intent is None
    assert list(judged.problems) == [field]
    assert says in judged.problems[field]


def test_a_directory_is_a_chart_only_with_a_chart_file(tmp_path: Path) -> None:
    assert "no Chart.yaml" in deploy(Typed({**GOOD, "chart": str(tmp_path)}), CLUSTERS).problems["chart"]
    (tmp_path / "Chart.yaml").write_text("name: x\nversion: 1.0.0\n")
    assert not deploy(Typed({**GOOD, "chart": str(tmp_path)}), CLUSTERS).problems


def test_values_come_from_the_file_unless_they_were_edited(tmp_path: Path) -> None:
    path = tmp_path / "v.yaml"
    path.write_text("from: file\n")
    release = ReleaseRef("staging", "shop", "payments")
    judged = upgrade(Typed({"values": str(path)}, {"reuse": True}), release)
    assert judged.intent is not None
    assert (judged.intent.values, judged.intent.values_mode) == ("from: file\n", ValuesMode.REUSE)
    edited = upgrade(Typed({"values": str(path)}, edited="from: editor\n"), release)
    assert edited.intent is not None
    assert edited.intent.values == "from: editor\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1", ""),
        ("# nothing\n", ""),
        ("a: [", "not YAML at line"),
        ("- a", "mapping"),
        ("word", "mapping"),
        ("a: \x00", "not YAML"),
    ],
)
def test_values_that_are_not_a_mapping_are_named_without_being_quoted(text: str, says: str) -> None:
    problem = values_problem(text)
    assert says in problem
    assert bool(says) == bool(problem)


def test_the_editor_gets_a_private_file_and_its_words_come_back(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nstat -c %a "$1" > "$0.mode"\necho "b: 2" >> "$1"\n')
    editor.chmod(0o700)
    env = {"EDITOR": str(editor), "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert edit("a: 1\n", env=env) == "a: 1\nb: 2\n"
    assert (tmp_path / "editor.mode").read_text().strip() == "600"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["editor", "editor.mode"]


@pytest.mark.parametrize(("command", "says"), [("/nowhere/editor", "did not start"), ("false", "ended with 1")])
def test_an_editor_that_fails_changes_nothing_and_says_so(command: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        edit("a: 1\n", env={"VISUAL": command, "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path)})
