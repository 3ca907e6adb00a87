"""What is hidden, and what must stay readable."""

from __future__ import annotations

import pytest

from acp_tui.insight.mask import MASK, looks_secret, mask_object, mask_values


@pytest.mark.parametrize(
    "key", ["password", "dbPassword", "API_KEY", "apiToken", "clientSecret", "private-key", "auth", "redisPassphrase"]
)
def test_a_key_that_names_a_secret_value_is_secret(key: str) -> None:
    assert looks_secret(key)


@pytest.mark.parametrize(
    "key", ["existingSecretName", "secretRef", "tokenPath", "image", "replicas", "secretMount", "monkey"]
)
def test_a_key_that_places_a_secret_is_not(key: str) -> None:
    assert not looks_secret(key)


def test_values_keep_their_shape_and_lose_their_secrets() -> None:
    values = {
        "db": {"password": "hunter2", "host": "db"},
        "env": [{"name": "API_TOKEN", "value": "abc"}],
        "auth": {"a": ["b"]},
    }
    assert mask_values(values) == {
        "db": {"password": MASK, "host": "db"},
        "env": [{"name": "API_TOKEN", "value": MASK}],
        "auth": {"a": [MASK]},
    }


def test_a_flag_or_an_empty_value_is_no_secret() -> None:
    assert mask_values({"auth": True, "password": ""}) == {"auth": True, "password": ""}


def test_a_secret_object_shows_its_keys_only() -> None:
    secret = {
        "kind": "Secret",
        "metadata": {
            "name": "s",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{data: hunter2}"},
        },
        "data": {"password": "aHVudGVyMg=="},
        "stringData": {"user": "root"},
    }
    assert "hunter2" not in str(mask_object(secret))
    assert "aHVudGVyMg==" not in str(mask_object(secret))
    assert mask_object(secret)["data"] == {"password": MASK}


def test_a_config_map_stays_readable() -> None:
    config = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"colour": "blue"}}
    assert mask_object(config) == config


def test_a_secret_in_the_environment_of_a_container_is_hidden() -> None:
    pod = {
        "kind": "Pod",
        "spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "POOL", "value": "9"}]}]},
    }
    env = mask_object(pod)["spec"]["containers"][0]["env"]
    assert env == [{"name": "DB_PASSWORD", "value": MASK}, {"name": "POOL", "value": "9"}]
