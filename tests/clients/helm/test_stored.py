"""The chart of a stored revision becomes a chart folder again, or says why it cannot."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from acp_tui.clients.helm.charts import resolve
from acp_tui.clients.helm.stored import stored_chart
from acp_tui.model.errors import ChartError
from acp_tui.wire.helm import decode_secret

FIXTURES = Path(__file__).parents[2] / "fixtures" / "helm"


@pytest.fixture(params=[3, 4])
def release(request: pytest.FixtureRequest) -> dict[str, Any]:
    return decode_secret(json.loads((FIXTURES / f"helm{request.param}-secret.json").read_text())["data"]["release"])


async def test_the_stored_chart_is_a_chart_again(release: dict[str, Any], tmp_path: Path) -> None:
    folder = stored_chart(release, tmp_path)
    found = await resolve(str(folder), folder=tmp_path)
    assert (found.name, found.version) == ("web", "1.0.0")
    for file in release["chart"]["templates"]:
        assert (folder / file["name"]).read_bytes() == base64.b64decode(file["data"])
    assert json.loads((folder / "values.yaml").read_text()) == release["chart"]["values"]


def test_schema_and_files_come_along(tmp_path: Path) -> None:
    schema = b'{"type": "object"}'
    folder = stored_chart(
        {
            "chart": {
                "metadata": {"name": "web"},
                "schema": base64.b64encode(schema).decode(),
                "files": [{"name": "crds/a.yaml", "data": base64.b64encode(b"kind: X\n").decode()}],
            }
        },
        tmp_path,
    )
    assert (folder / "values.schema.json").read_bytes() == schema
    assert (folder / "crds" / "a.yaml").read_bytes() == b"kind: X\n"


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/../../x", "..\\x", "x\0y", "", "."])
def test_no_file_leaves_the_folder(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    record = {"chart": {"metadata": {"name": "web"}, "templates": [{"name": name, "data": ""}]}}
    with pytest.raises(ChartError, match="cannot be used again"):
        stored_chart(record, home)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    "record",
    [
        {"chart": {"metadata": {"name": "web", "dependencies": [{"name": "db", "version": "1"}]}}},
        {"chart": {"metadata": {"name": "web"}}, "manifest": "---\n# Source: web/charts/db/templates/x.yaml\n"},
    ],
)
def test_a_chart_whose_subcharts_helm_did_not_store_is_refused(tmp_path: Path, record: dict[str, Any]) -> None:
    with pytest.raises(ChartError) as caught:
        stored_chart(record, tmp_path)
    assert "subcharts" in caught.value.tried


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"chart": None},
        {"chart": {"metadata": {}}},
        {"chart": {"metadata": {"name": "web"}, "templates": [{}]}},
        {"chart": {"metadata": {"name": "web"}, "templates": [{"name": "a", "data": "%"}]}},
    ],
)
def test_a_record_without_a_whole_chart_says_so(tmp_path: Path, record: dict[str, Any]) -> None:
    with pytest.raises(ChartError, match="cannot be used again"):
        stored_chart(record, tmp_path)
