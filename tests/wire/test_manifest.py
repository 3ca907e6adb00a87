"""Manifest text becomes objects, or an error that says where it is wrong."""

from __future__ import annotations

import pytest

from acp_tui.model.errors import ChartError, UsageError
from acp_tui.wire.manifest import MAX_NODES, dump, merge_values, merge_values_texts, objects, values

TWO = """---
# Source: shop/templates/config.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: shop
data:
  since: 2024-01-01
  8080: port
---
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: shop}
"""


def test_empty_documents_are_skipped_and_lists_are_flattened() -> None:
    assert [found["kind"] for found in objects(TWO, origin="revision 3")] == ["ConfigMap", "Service"]


def test_what_looks_like_a_date_or_a_number_key_stays_text_as_in_kubernetes() -> None:
    assert objects(TWO, origin="revision 3")[0]["data"] == {"since": "2024-01-01", "8080": "port"}


def test_nothing_is_no_objects() -> None:
    assert objects("\n---\n", origin="revision 3") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "line"),
        ("kind: Pod\nmetadata: {name: x}\n", "without apiVersion"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {}\n", "metadata.name"),
        ("just words\n", "no Kubernetes object"),
        ("- 1\n- 2\n", "no Kubernetes object"),
        ("a: !!python/object/apply:os.system [id]\n", "not YAML"),
        ("a: \x07\n", "not YAML"),
        ("&a [*a]\n", "contains itself"),
    ],
)
def test_what_is_no_manifest_is_a_chart_error_that_names_it(text: str, said: str) -> None:
    with pytest.raises(ChartError) as caught:
        objects(text, origin="the manifest of revision 3")
    assert "the manifest of revision 3" in str(caught.value)
    assert said in str(caught.value)


def test_a_broken_line_is_named() -> None:
    with pytest.raises(ChartError, match="line 3, column"):
        objects("apiVersion: v1\nkind: Pod\n\tmetadata: {}\n", origin="chart web")


def test_aliases_that_would_expand_to_millions_of_values_are_refused_without_expanding_them() -> None:
    lines = ["a0: &a0 [1,2,3,4,5,6,7,8,9,0]"]
    lines += [f"a{n}: &a{n} [{','.join(f'*a{n - 1}' for _ in range(10))}]" for n in range(1, 12)]
    with pytest.raises(ChartError, match=str(MAX_NODES)):
        objects("\n".join(lines), origin="chart bomb")


def test_deep_nesting_is_an_error_and_no_crash() -> None:
    with pytest.raises(ChartError):
        objects("[" * 20_000, origin="chart deep")


def test_dump_puts_the_name_first_keeps_blocks_and_writes_no_anchors() -> None:
    shared = {"app": "shop"}
    text = dump(
        {
            "spec": {"selector": shared, "labels": shared},
            "metadata": {"name": "shop"},
            "kind": "X",
            "apiVersion": "v1",
            "script": "a\nb\n",
        }
    )
    assert text.splitlines()[:4] == ["apiVersion: v1", "kind: X", "metadata:", "  name: shop"]
    assert "script: |\n  a\n  b\n" in text
    assert "&" not in text


def test_values_files_are_merged_later_ones_winning_and_nulls_kept_for_helm() -> None:
    merged = merge_values_texts(
        [("a.yaml", "image: {tag: 1, pull: Always}\nx: 1\n"), ("b.yaml", "image: {tag: 2}\nx:")]
    )
    assert values(merged, origin="merged") == {"image": {"tag": 2, "pull": "Always"}, "x": None}
    assert merge_values_texts([("empty.yaml", "# nothing\n")]) == ""


@pytest.mark.parametrize("text", ["- a\n", "a: 1\n---\nb: 2\n", "words\n"])
def test_values_must_be_one_mapping(text: str) -> None:
    with pytest.raises(UsageError, match=r"mine\.yaml is not one YAML mapping"):
        merge_values_texts([("mine.yaml", text)])


def test_bad_values_name_file_and_line() -> None:
    with pytest.raises(UsageError, match=r"mine\.yaml is not YAML.*line 2"):
        merge_values_texts([("mine.yaml", "a: 1\nb: ]\n")])


def test_a_null_removes_a_default_as_helm_does_it() -> None:
    defaults = {"a": {"b": 1, "c": 2}, "d": 3}
    assert merge_values(defaults, {"a": {"b": None}, "e": 4}) == {"a": {"c": 2}, "d": 3, "e": 4}
    assert defaults == {"a": {"b": 1, "c": 2}, "d": 3}
