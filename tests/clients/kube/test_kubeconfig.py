"""Kubeconfigs are read as kubectl reads them; what is broken is named and the rest loads."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.kubeconfig import Kubeconfig, load
from acp_tui.model.errors import KubeconfigError

PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def kubeconfig(*, name: str = "prod", cluster: Any = None, user: Any = None, **pair: Any) -> dict[str, Any]:
    return {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": f"{name}-c", "user": f"{name}-u", **pair}}],
        "clusters": [{"name": f"{name}-c", "cluster": {"server": f"https://{name}:6443", **(cluster or {})}}],
        "users": [{"name": f"{name}-u", "user": user or {"token": "t"}}],
    }


def written(path: Path, *documents: dict[str, Any]) -> Path:
    joined: dict[str, Any] = {"current-context": documents[0]["current-context"]}
    for section in ("contexts", "clusters", "users"):
        joined[section] = [entry for document in documents for entry in document[section]]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(joined))
    return path


@pytest.fixture
def one(tmp_path: Path) -> Any:
    def build(**settings: Any) -> Context:
        return load([written(tmp_path / "config", kubeconfig(**settings))]).contexts[0]

    return build


def test_a_context_joins_its_cluster_and_its_user(one: Any) -> None:
    context = one(namespace="shop", cluster={"proxy-url": "http://proxy:3128", "disable-compression": True})

    assert (context.name, context.server, context.namespace) == ("prod", "https://prod:6443", "shop")
    assert (context.cluster_name, context.user_name) == ("prod-c", "prod-u")
    assert context.auth.token.reveal() == b"t"
    assert context.proxy_url == "http://proxy:3128"
    assert context.disable_compression
    assert context.problem == ""


def test_of_several_files_the_first_that_has_an_entry_wins_also_for_the_current_context(tmp_path: Path) -> None:
    first = kubeconfig(name="a")
    del first["current-context"]
    (tmp_path / "1").write_text(yaml.safe_dump(first))
    written(tmp_path / "2", kubeconfig(name="b"))
    written(tmp_path / "3", kubeconfig(name="c"), kubeconfig(name="a", cluster={"server": "https://other"}))
    env = {"KUBECONFIG": f"{tmp_path}/1::{tmp_path}/missing:{tmp_path}/2:{tmp_path}/3"}

    found = load(env=env)

    assert [context.name for context in found.contexts] == ["a", "b", "c"]
    assert found.context("a").server == "https://a:6443"
    assert found.current == "b"


def test_without_the_variable_the_file_in_the_home_folder_is_read(tmp_path: Path) -> None:
    written(tmp_path / ".kube/config", kubeconfig())

    assert load(env={"HOME": str(tmp_path)}).current == "prod"


def test_an_entry_may_stand_in_another_file_than_its_context(tmp_path: Path) -> None:
    whole = kubeconfig(cluster={"certificate-authority": "ca.crt"})
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/ca.crt").write_bytes(PEM)
    (tmp_path / "1").write_text(yaml.safe_dump({"contexts": whole["contexts"], "users": whole["users"]}))
    (tmp_path / "sub/2").write_text(yaml.safe_dump({"clusters": whole["clusters"]}))

    context = load([tmp_path / "1", tmp_path / "sub/2"]).contexts[0]

    assert context.tls.ca_data == PEM
    assert context.problem == ""


def test_a_broken_file_is_told_with_its_line_and_the_others_load(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("contexts:\n- name: x\n  context: {cluster: [\n")
    written(tmp_path / "good", kubeconfig())

    found = load([tmp_path / "bad", tmp_path / "missing", tmp_path / "good"])

    assert [context.name for context in found.contexts] == ["prod"]
    assert [problem.tried for problem in found.problems] == [f"{tmp_path}/bad:4", f"{tmp_path}/missing"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not valid"),
        ("just text", "not a mapping"),
        ("a: \x1b[31m", "not allowed"),
        ("&a [*a, *b]", "not valid"),
        ("", "no contexts"),
        ("contexts: null", "no contexts"),
        ("contexts: [null, 5, {name: null}]", "no contexts"),
    ],
)
def test_where_nothing_is_left_the_reason_is_raised(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "config").write_text(text)

    with pytest.raises(KubeconfigError, match=says) as caught:
        load([tmp_path / "config"])
    assert str(tmp_path) in caught.value.tried
    assert caught.value.advice


def test_no_kubeconfig_at_all_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="no kubeconfig") as caught:
        load(env={"HOME": str(tmp_path)}, service_account=tmp_path)
    assert "acp-tui demo" in caught.value.advice


def test_a_folder_is_no_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="cannot be read"):
        load([tmp_path])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"cluster": {"server": ""}}, "names no server"),
        ({"cluster": {"server": "prod:6443"}}, "not an http or https address"),
        ({"cluster": {"server": "https://prod:port"}}, "not an http or https address"),
        ({"cluster": {"proxy-url": "socks5://proxy"}}, "SOCKS"),
        (
            {"cluster": {"certificate-authority": "/nowhere/ca.crt"}},
            "certificate-authority /nowhere/ca.crt cannot be read",
        ),
        ({"cluster": {"certificate-authority-data": "%%%"}}, "certificate-authority-data is not base64"),
        ({"cluster": {"certificate-authority-data": "aGVsbG8="}}, "no PEM"),
        ({"user": {"client-certificate-data": base64.b64encode(PEM).decode()}}, "client-key is missing"),
        ({"user": {"client-certificate": "none.crt", "client-key": "none.key"}}, "none.crt cannot be read"),
        ({"user": {"auth-provider": {"name": "oidc"}}}, "kubelogin"),
        ({"user": {"exec": {"command": ""}}}, "names no command"),
        ({"user": {"exec": {"command": "x", "interactiveMode": "Always"}}}, "terminal"),
        ({"user": {"as-groups": ["dev"]}}, "need `as`"),
    ],
)
def test_a_context_that_cannot_be_used_says_why_and_the_others_load(
    tmp_path: Path, settings: dict[str, Any], says: str
) -> None:
    found = load([written(tmp_path / "config", kubeconfig(name="bad", **settings), kubeconfig())])

    assert says in found.context("bad").problem
    assert found.context("prod").problem == ""


@pytest.mark.parametrize("missing", ["cluster", "user"])
def test_a_context_that_refers_to_nothing_says_so(tmp_path: Path, missing: str) -> None:
    document = kubeconfig()
    document["contexts"][0]["context"][missing] = "none"

    context = load([written(tmp_path / "config", document)]).contexts[0]

    assert context.problem == f"its {missing} 'none' is not in the kubeconfig"


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    user = {"tokenFile": "secrets/token", "exec": {"command": "./bin/login", "args": ["--a", 1]}}
    context = load([written(tmp_path / "deep/config", kubeconfig(user=user))]).contexts[0]

    assert context.auth.token_file == str(tmp_path / "deep/secrets/token")
    assert context.auth.exec is not None
    assert context.auth.exec.command == str(tmp_path / "deep/bin/login")
    assert context.auth.exec.args == ("--a", "1")


def test_a_plugin_named_without_a_folder_is_looked_up_on_the_path(one: Any) -> None:
    assert one(user={"exec": {"command": "aws"}}).auth.exec.command == "aws"


def test_inline_data_beats_a_file_as_in_kubectl(one: Any) -> None:
    context = one(
        cluster={"certificate-authority": "/nowhere", "certificate-authority-data": base64.b64encode(PEM).decode()}
    )

    assert (context.tls.ca_file, context.tls.ca_data) == ("", PEM)


def test_a_cluster_that_is_not_verified_is_usable_with_a_warning(one: Any) -> None:
    context = one(cluster={"insecure-skip-tls-verify": True, "tls-server-name": "kube"})

    assert context.tls.insecure
    assert context.tls.server_name == "kube"
    assert "not verified" in context.warnings[0]


def test_acps_own_entries_are_known_by_their_extension(tmp_path: Path) -> None:
    def marked(**fields: Any) -> list[dict[str, Any]]:
        return [{"name": "other", "extension": {}}, {"name": "acp.io/v1", "extension": fields}]

    document = kubeconfig(
        cluster={"extensions": marked(isGlobal=True, platformUrl="https://acp", clusterName="global")},
        extensions=marked(sessionName="work"),
    )
    context = load([written(tmp_path / "config", document)]).contexts[0]

    assert context.acp is not None
    assert (context.acp.is_global, context.acp.platform_url) == (True, "https://acp")
    assert (context.acp.session, context.acp.cluster) == ("work", "global")


def test_an_ordinary_entry_has_no_extension(one: Any) -> None:
    assert one().acp is None


@pytest.mark.parametrize(
    ("name", "production"),
    [
        ("prod", True),
        ("eu-prod-1", True),
        ("team/production", True),
        ("PROD", True),
        ("nonprod", False),
        ("staging", False),
    ],
)
def test_production_is_guessed_from_the_name(tmp_path: Path, name: str, production: bool) -> None:
    assert load([written(tmp_path / "config", kubeconfig(name=name))]).contexts[0].production is production


def test_two_contexts_of_one_cluster_count_once_and_the_current_one_stands_for_it(tmp_path: Path) -> None:
    same = {"server": "https://HOST:443/"}
    admin, viewer = (
        kubeconfig(name="admin", cluster=same),
        kubeconfig(name="viewer", cluster={"server": "https://host"}),
    )
    broken = [kubeconfig(name=name, cluster={"server": ""}) for name in ("x", "y")]
    path = written(tmp_path / "config", admin, viewer, kubeconfig(name="other"), *broken)
    found = load([path])

    assert [context.name for context in found.distinct()] == ["admin", "other", "x", "y"]
    current = Kubeconfig(contexts=found.contexts, current="viewer")
    assert [context.name for context in current.distinct()] == ["viewer", "other", "x", "y"]


def test_another_authority_is_another_cluster(tmp_path: Path) -> None:
    def trusting(name: str, pem: bytes) -> dict[str, Any]:
        data = base64.b64encode(pem).decode()
        return kubeconfig(name=name, cluster={"server": "https://127.0.0.1:6443", "certificate-authority-data": data})

    found = load([written(tmp_path / "config", trusting("a", PEM), trusting("b", PEM + b"x"), trusting("c", PEM))])

    assert [context.name for context in found.distinct()] == ["a", "b"]


def test_an_unknown_context_is_told_with_the_nearest_names(tmp_path: Path) -> None:
    found = load([written(tmp_path / "config", kubeconfig(name="prod-east"), kubeconfig(name="staging"))])

    with pytest.raises(KubeconfigError, match="prod-eats") as caught:
        found.context("prod-eats")
    assert caught.value.advice == "did you mean prod-east?"


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    document = kubeconfig(name="evil\u202e")
    found = load([written(tmp_path / "config", document)])

    assert found.contexts[0].name == "evil�"
    assert found.current == "evil�"


def test_inside_a_pod_the_service_account_is_the_context(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    (tmp_path / "ca.crt").write_bytes(PEM)
    (tmp_path / "namespace").write_text("shop\n")
    env = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}

    context = load(env=env, service_account=tmp_path).context("in-cluster")

    assert (context.server, context.namespace) == ("https://[fd00::1]:443", "shop")
    assert context.auth.token_file == str(tmp_path / "token")
    assert context.tls.ca_data == PEM


def test_no_representation_shows_a_secret(one: Any) -> None:
    user = {
        "token": "s3cret",
        "username": "ann",
        "password": "s3cret",
        "exec": {"command": "login", "env": [{"name": "KEY", "value": "s3cret"}]},
        "client-certificate-data": base64.b64encode(PEM).decode(),
        "client-key-data": base64.b64encode(b"s3cret").decode(),
    }
    context = one(user=user)

    shown = f"{context!r} {context.auth!r} {context.auth.exec!r} {list(context.__rich_repr__())}"
    assert "s3cret" not in shown
    assert context.auth.password.reveal() == b"s3cret"


def test_a_context_written_to_a_file_of_its_own_reads_back_the_same(one: Any, tmp_path: Path) -> None:
    config = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    context = one(
        namespace="shop",
        cluster={
            "certificate-authority-data": base64.b64encode(PEM).decode(),
            "tls-server-name": "kube",
            "proxy-url": "http://proxy",
            "extensions": [config],
        },
        user={
            "exec": {
                "command": "login",
                "args": ["a"],
                "env": [{"name": "K", "value": "v"}],
                "provideClusterInfo": True,
            },
            "as": "jane",
            "as-uid": "7",
            "as-groups": ["dev"],
            "as-user-extra": {"reason": ["x"]},
        },
    )
    path = context.write_private(tmp_path / "run/one.yaml")
    again = load([path]).contexts[0]

    assert (again.auth, again.tls, again.server, again.proxy_url) == (
        context.auth,
        context.tls,
        context.server,
        context.proxy_url,
    )
    assert (again.name, again.namespace, again.identity) == (context.name, context.namespace, context.identity)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
