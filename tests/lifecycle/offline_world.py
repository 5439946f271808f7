"""Offline plans for tests: a namespace without a network, and a small program with a state."""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import yaml

from infra.offline.manifests import HIDDEN
from infra.offline.planned import Planned
from infra.offline.planning import Plan, Subject, plan
from local.paths import REPOSITORY

SECRET = "swordfish-4711"
STACK = "prod"
UNROUTABLE = json.dumps(
    {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": "https://192.0.2.1"}}],
        "users": [{"name": "x", "user": {"token": "t"}}],
    }
)

_UP = 0x8914
_COUNTERS = ("Ip: OutNoRoutes", "Udp: OutDatagrams")


# in a network namespace


def run_alone(commands: list[list[str]]) -> list[dict[str, Any]]:
    """Run commands at once in this namespace, and tell what each printed.

    The last entry is about the namespace: its interfaces, and how often the kernel was asked to
    send something out of it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _UP, struct.pack("16sh", b"lo", 0x1 | 0x40))
    started = [
        subprocess.Popen(each, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for each in commands
    ]
    told = [process.communicate() for process in started]
    found: list[dict[str, Any]] = [
        {"code": process.returncode, "out": out, "err": err}
        for process, (out, err) in zip(started, told, strict=True)
    ]
    interfaces = [name for _, name in socket.if_nameindex()]
    return [*found, {"interfaces": interfaces, "attempts": _attempts()}]


def _attempts() -> dict[str, int]:
    lines = Path("/proc/net/snmp").read_text().splitlines()
    counted: dict[str, int] = {}
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        kind, *columns = names.split()
        for column, value in zip(columns, values.split()[1:], strict=True):
            if f"{kind} {column}" in _COUNTERS:
                counted[f"{kind} {column}"] = int(value)
    return counted


def namespace_problem() -> str:
    """Why a network namespace cannot be made here; empty when it can."""
    try:
        tried = subprocess.run(
            ["unshare", "--net", "true"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "unshare (util-linux) is not installed"
    return tried.stderr.strip() if tried.returncode else ""


def in_namespace(commands: list[list[str]], folder: Path) -> list[dict[str, Any]]:
    """`run_alone` in a new namespace, with an empty home and no word of AWS in the environment."""
    home = folder / "home"
    home.mkdir()
    kept = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)}
    caches = {
        name: os.environ[name] for name in ("LLMP_CACHE", "XDG_CACHE_HOME") if name in os.environ
    }
    if not caches:
        caches["LLMP_CACHE"] = str(Path.home() / ".cache" / "llm-platform")
    done = subprocess.run(
        ["unshare", "--net", sys.executable, __file__, json.dumps(commands)],
        env={**kept, **caches, "HOME": str(home), "LLMP_STATE": str(folder / "state")},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


# a small program


def small(
    *,
    owner: str = "a",
    map_name: str = "settings",
    with_parameter: bool = True,
    secret: str = SECRET,
) -> Callable[[], None]:
    """Two resources of AWS and two of Kubernetes, with secrets in one of each."""

    def program() -> None:
        aws.sns.Topic("topic", name="topic", tags={"owner": owner})
        if with_parameter:
            aws.ssm.Parameter(
                "password",
                name="/password",
                type="SecureString",
                value=pulumi.Output.secret(secret),
            )
        provider = kubernetes.Provider("cluster", kubeconfig=UNROUTABLE)
        opts = pulumi.ResourceOptions(provider=provider)
        kubernetes.core.v1.ConfigMap(
            "map", metadata={"name": map_name, "namespace": "default"}, data={"a": "b"}, opts=opts
        )
        kubernetes.core.v1.Secret(
            "hidden",
            metadata={"name": "hidden", "namespace": "default"},
            string_data={"password": pulumi.Output.secret(secret)},
            opts=opts,
        )

    return program


def lay_out(folder: Path, stack: str) -> Path:
    """A project of its own, without the platform's settings."""
    workspace = folder / "workspace"
    workspace.mkdir()
    project = {"name": "small", "runtime": "python"}
    (workspace / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (workspace / f"Pulumi.{stack}.yaml").write_text("config: {aws:region: eu-central-1}\n")
    return workspace


def plan_small(program: Callable[[], None], **options: Any) -> Plan:
    """Plan a small program without policies."""
    return plan(
        Subject(STACK, "prod", "eu-central-1", program, workspace=lay_out, policy_packs=()),
        **options,
    )


def as_exported(made: Plan) -> dict[str, Any]:
    """The state that carrying a plan out would have left, as another backend exports it."""
    resources = list(made.resources.resources.values())
    providers = {
        each.type.rpartition(":")[2]: f"{each.urn}::{_ID}"
        for each in resources
        if each.type.startswith("pulumi:providers:")
    }
    return {
        "version": 3,
        "deployment": {
            "manifest": {"time": "2026-11-20T10:00:00Z"},
            "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:another:one"}},
            "resources": [_entry(each, providers) for each in resources],
        },
    }


_ID = "5e4b5a7e-0000-4000-8000-000000000000"


def _entry(planned: Planned, providers: dict[str, str]) -> dict[str, Any]:
    inputs = _encrypted(dict(planned.inputs))
    entry: dict[str, Any] = {
        "urn": planned.urn,
        "type": planned.type,
        "custom": planned.custom,
        "inputs": inputs,
        "outputs": inputs,
        "parent": planned.parent or None,
    }
    package = planned.type.partition(":")[0]
    if planned.custom:
        entry["id"] = _ID if package == "pulumi" else f"{planned.name}-id"
    if package in providers:
        entry["provider"] = providers[package]
    if package == "aws":
        arn = f"arn:aws:sns:eu-central-1:777777777777:{planned.name}"
        entry["outputs"] = {**inputs, "arn": arn}
    return {key: value for key, value in entry.items() if value is not None}


def _encrypted(value: Any) -> Any:
    """What the engine hides, as it stands in a state: encrypted with a key that nobody has."""
    if value == HIDDEN:
        return {
            "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
            "ciphertext": "v1:aaaaaaaaaaaaaaaa:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        }
    if isinstance(value, dict):
        return {key: _encrypted(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run_alone(json.loads(sys.argv[1]))))
