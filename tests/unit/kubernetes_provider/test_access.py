"""Kubeconfigs as people and components write them."""

import base64
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.aws.presigned import parse
from local.providers.eks.values import kubeconfig as eks_kubeconfig
from local.providers.kubernetes import access
from local.providers.kubernetes.access import Access, read_kubeconfig
from local.providers.kubernetes.eks_token import eks_token
from local.providers.model import ProviderError

SECRET = "wJalrXUtnFEMI"
ENDPOINT = "http://127.0.0.1:5000"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def config(user: Any = None, **cluster: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [
            {"name": "other", "context": {"cluster": "c", "user": "nobody"}},
            {"name": "here", "context": {"cluster": "c", "user": "u"}},
        ],
        "clusters": [{"name": "c", "cluster": {"server": "https://s:6443/", **cluster}}],
        "users": [{"name": "u", "user": user}, {"name": "nobody", "user": {}}],
    }


def executed(*arguments: str, command: str = "aws", **env: str) -> dict[str, Any]:
    pairs = [{"name": name, "value": value} for name, value in env.items()]
    return config({"exec": {"command": command, "args": list(arguments), "env": pairs}})


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)


@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump])
def test_a_token_and_an_authority(write: Callable[[Any], str]) -> None:
    text = write(config({"token": "t"}, **{"certificate-authority-data": encoded("ca")}))
    found = read_kubeconfig(text)
    assert (found.server, found.authority) == ("https://s:6443", "ca")
    assert found.client_certificate is None
    assert found.token is not None
    assert found.token() == "t"


def test_a_client_certificate_by_data_or_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k")
    user = {"client-certificate-data": encoded("c"), "client-key": str(tmp_path / "key")}
    found = read_kubeconfig(json.dumps(config(user)))
    assert found == Access("https://s:6443", None, ("c", "k"), None)


def test_another_context() -> None:
    assert read_kubeconfig(json.dumps(config({"token": "t"})), "other").token is None


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in config().items() if name != key}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no mapping"),
        ("just text", "no mapping"),
        ("- a", "no mapping"),
        ("a: {token: hidden\nb", "no YAML in line"),
        ("{}", "no current-context"),
        (json.dumps(without("contexts")), "no context 'here'"),
        (json.dumps({**config(), "contexts": ["x", None]}), "no context 'here'"),
        (json.dumps(without("clusters")), "no cluster 'c'"),
        (json.dumps(without("users")), "no user 'u'"),
        (json.dumps(config(server="")), "names no server"),
        (json.dumps(config(**{"insecure-skip-tls-verify": True})), "insecure-skip-tls-verify"),
        (json.dumps(config(**{"proxy-url": "http://p"})), "proxy-url"),
        (json.dumps(config({"username": "a", "password": "hidden"})), "password, username"),
        (json.dumps(config({"client-key-data": "~"})), "client-key cannot be read"),
        (json.dumps(config({"client-key": "/nowhere/key"})), "client-key cannot be read"),
        (json.dumps(config({"exec": {"args": []}})), "names no command"),
    ],
)
def test_what_is_wrong_is_said(text: str, why: str) -> None:
    with pytest.raises(ProviderError, match=why) as caught:
        read_kubeconfig(text)
    assert "hidden" not in str(caught.value)


def test_no_user_needs_no_token() -> None:
    assert read_kubeconfig(json.dumps(config(None))).token is None


PLUGIN = "import json, os; print(json.dumps({'status': {'token': os.environ['T']}}))"


def test_a_credential_plugin_is_run_and_its_token_kept() -> None:
    found = read_kubeconfig(json.dumps(executed("-c", PLUGIN, command=sys.executable, T="t1")))
    assert found.token is not None
    assert found.token() == "t1"
    assert found.token() == "t1"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import sys; print('no login', file=sys.stderr); sys.exit(3)", "exit code 3: no login"),
        ("print('{}')", "gave no ExecCredential"),
        ("print('nonsense')", "gave no ExecCredential"),
    ],
)
def test_a_credential_plugin_that_fails(program: str, why: str) -> None:
    found = read_kubeconfig(json.dumps(executed("-c", program, command=sys.executable)))
    assert found.token is not None
    with pytest.raises(ProviderError, match=why):
        found.token()


def test_a_credential_plugin_that_is_not_there() -> None:
    found = read_kubeconfig(json.dumps(executed(command="no-such-plugin")))
    assert found.token is not None
    with pytest.raises(ProviderError, match="no-such-plugin"):
        found.token()


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What tokens are asked for, with nothing behind it."""
    asked: list[Any] = []

    def make(*given: Any) -> str:
        asked.append(given)
        return "t"

    monkeypatch.setattr(access, "eks_token", make)
    return asked


@pytest.mark.usefixtures("aws")
class TestAwsGetToken:
    def test_the_kubeconfig_of_our_clusters_gives_a_token_that_aws_accepts(self) -> None:
        text = json.dumps(eks_kubeconfig("prod", "https://s", "eu-central-1", encoded("ca")))
        found = read_kubeconfig(text)
        assert found.token is not None
        identity = parse(found.token(), datetime.now(UTC))
        assert identity.access_key == "AKIDEXAMPLE"
        assert identity.is_signed_for("prod", SECRET)
        assert not identity.is_signed_for("staging", SECRET)
        assert "/eu-central-1/sts/" in dict(identity.query)["X-Amz-Credential"]

    @pytest.mark.parametrize(
        "arguments",
        [
            ("eks", "get-token", "--cluster-name", "c", "--region", "r"),
            ("--region", "r", "eks", "get-token", "--cluster-name=c", "--output", "json"),
            ("eks", "get-token", "--cluster-id", "c", "--region=r", "--profile", "p"),
        ],
    )
    def test_options(self, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
        asked = recorded(monkeypatch)
        found = read_kubeconfig(json.dumps(executed(*arguments)))
        assert found.token is not None
        assert found.token() == "t"
        assert asked == [("c", "r", "p" if "--profile" in arguments else None, None)]

    def test_profile_region_and_role_of_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = recorded(monkeypatch)
        command = executed(
            "eks", "get-token", "--cluster-name", "c", "--role-arn", "arn",
            AWS_PROFILE="p", AWS_REGION="r",
        )  # fmt: skip
        found = read_kubeconfig(json.dumps(command))
        assert found.token is not None
        found.token()
        found.token()
        assert asked == [("c", "r", "p", "arn")]

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (("eks", "get-token"), "without --cluster-name"),
            (("eks", "get-token", "--cluster-name"), "'--cluster-name'"),
            (("eks", "get-token", "--cluster-name", "c", "--endpoint-url", "u"), "--endpoint-url"),
        ],
    )
    def test_what_is_not_handled_is_refused(self, arguments: tuple[str, ...], why: str) -> None:
        with pytest.raises(ProviderError, match=why):
            read_kubeconfig(json.dumps(executed(*arguments)))

    def test_temporary_credentials_are_in_the_token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
        identity = parse(eks_token("c", "us-east-1"), datetime.now(UTC))
        assert dict(identity.query)["X-Amz-Security-Token"] == "session"
        assert identity.is_signed_for("c", SECRET)

    def test_an_unknown_profile_is_an_error_in_words(self) -> None:
        with pytest.raises(ProviderError, match=r"no token for the EKS cluster 'c'.*nowhere"):
            eks_token("c", "us-east-1", "nowhere")
