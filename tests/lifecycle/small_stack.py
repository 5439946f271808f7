"""`llmp` with a small program: everything as people type it, but 40 resources instead of 220.

Run as a script it is the command; imported it is what tests start that command with, and count
afterwards what stands, in moto and in the API server.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from local import cloud
from local.aws.client import client
from local.paths import REPOSITORY
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api
from local.reporter import QuietReporter

SECRET = "swordfish-4711"  # what must not be found in plain text
REGION = "eu-central-1"
RUN_SECONDS = 240
WITH_POLICIES = "SMALL_STACK_POLICIES"
"""Variable: run the policy pack too."""
WITHOUT = "SMALL_STACK_WITHOUT"
"""Variable: ``network`` leaves the network out, which is half of it."""


@dataclass
class Small:
    """The command, with folders of its own for state and stack files."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def write_stack(self, stack: str, **changes: Mapping[str, Any]) -> None:
        """A stack file: that of `local`, with changes to its rooms."""
        document = yaml.safe_load((REPOSITORY / "stacks" / "Pulumi.local.yaml").read_text())
        for room, values in changes.items():
            document["config"][f"llm-platform:{room}"] |= dict(values)
        stacks = self.folder / "stacks"
        stacks.mkdir(exist_ok=True)
        (stacks / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, __file__, *arguments],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "LLMP_STATE": str(self.state),
                "LLMP_STACKS": str(self.folder / "stacks"),
                "COLUMNS": "200",
                **self.env,
                **env,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, expect: int = 0, **env: str) -> str:
        return ended(self.start(*arguments, **env), expect)

    def room(self, stack: str) -> Path:
        return self.state / stack

    def cloud(self, stack: str) -> dict[str, Any]:
        return json.loads((self.room(stack) / "cloud" / "cloud.json").read_text())

    def aws(self, stack: str, service: str) -> Any:
        return client(service, self.cloud(stack)["aws"]["endpoint"], REGION)

    def api(self, stack: str) -> Api:
        kubeconfig = self.room(stack) / "cloud" / "admin.kubeconfig"
        return Api(read_kubeconfig(kubeconfig.read_text()))

    def counted(self, stack: str) -> dict[str, int]:
        """What stands, as moto and the API server list it."""
        ec2 = self.aws(stack, "ec2")
        buckets = self.aws(stack, "s3").list_buckets()["Buckets"]
        api = self.api(stack)
        team = "/api/v1/namespaces/team"
        policies = api.get("/apis/networking.k8s.io/v1/namespaces/team/networkpolicies")["items"]
        return {
            "vpcs": len([v for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]]),
            "subnets": len([s for s in ec2.describe_subnets()["Subnets"] if not s["DefaultForAz"]]),
            "buckets": len(buckets),
            "namespaces": len(
                [
                    each
                    for each in api.get("/api/v1/namespaces")["items"]
                    if each["metadata"]["name"] == "team"
                ]
            ),
            "quotas": len(api.get(f"{team}/resourcequotas")["items"]),
            "policies": len(policies),
            "secrets": len(api.get(f"{team}/secrets")["items"]),
        }


COMPLETE = {
    "vpcs": 1,
    "subnets": 4,
    "buckets": 1,
    "namespaces": 1,
    "quotas": 1,
    "secrets": 1,
}
"""What `Small.counted` finds of the small stack; network policies are the library's to number."""


def is_complete(counted: Mapping[str, int], *, network: bool = True) -> bool:
    """Whether everything stands, and nothing twice."""
    wanted = COMPLETE if network else COMPLETE | {"vpcs": 0, "subnets": 0}
    return counted["policies"] > 0 and all(counted[kind] == wanted[kind] for kind in wanted)


def ended(process: subprocess.Popen[str], expect: int = 0) -> str:
    """What a command said, once it has ended as expected."""
    said, _ = process.communicate(timeout=RUN_SECONDS)
    assert process.returncode == expect, said
    assert "Traceback" not in said, said
    return said


class InProcess(Small):
    """The command on one stack, run in this process so that the SDKs are loaded once."""

    def __init__(self, folder: Path, stack: str) -> None:
        super().__init__(folder)
        self.stack = stack
        self.write_stack(stack)

    @contextmanager
    def ready(self) -> Generator["InProcess"]:
        """With folders of its own, without policies; the cloud is stopped at the end."""
        from infra.cli import commands, engine  # noqa: PLC0415

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LLMP_STATE", str(self.state))
            patch.setenv("LLMP_STACKS", str(self.folder / "stacks"))
            patch.setenv(WITHOUT, "network")
            patch.setenv("COLUMNS", "200")
            patch.delenv("LLMP_API_PORT", raising=False)
            patch.setattr(commands, "Program", SmallProgram)
            patch.setattr(engine.Engine, "_packs", no_packs)
            try:
                yield self
            finally:
                cloud.stop(self.stack, QuietReporter())

    def llmp(self, *arguments: str, expect: int = 0, only_stdout: bool = False) -> str:
        """Run the command; returns what it said."""
        from infra.cli.main import main as llmp  # noqa: PLC0415

        result = CliRunner().invoke(llmp, arguments, catch_exceptions=False)
        assert result.exit_code == expect, result.output
        assert "Traceback" not in result.output
        return result.stdout if only_stdout else result.output

    @property
    def cloud_folder(self) -> Path:
        return self.room(self.stack) / "cloud"

    def stands_complete(self) -> bool:
        counted = self.counted(self.stack)
        return is_complete(counted, network=False)


def no_packs(self: object) -> list[str]:
    """Policies have tests of their own."""
    return []


class SmallProgram:
    """Stands where `infra.cli.program.Program` does."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def load_in_background(self) -> None:
        """Load the SDKs beside other work."""
        threading.Thread(target=lambda: import_module("pulumi_aws"), daemon=True).start()

    def __call__(self) -> None:
        # imported here: the tests that start this command need none of it
        import pulumi  # noqa: PLC0415
        import pulumi_kubernetes as kubernetes  # noqa: PLC0415

        from infra.arguments import cost_tags  # noqa: PLC0415
        from llm_platform import Network, NetworkArgs, PrivateBucket, TenantNamespace  # noqa: PLC0415
        from llm_platform.aws.kinds import NatMode  # noqa: PLC0415
        from local.source_positions import forget_source_positions  # noqa: PLC0415

        forget_source_positions()
        tags: dict[str, pulumi.Input[str]] = {**cost_tags(self.settings)}
        zones = list(self.settings.network.zones)
        if os.environ.get(WITHOUT) != "network":
            args: NetworkArgs = {"cidr": "10.0.0.0/16", "zones": zones, "tags": tags}
            Network("net", {**args, "nat": NatMode.SINGLE})
        PrivateBucket("logs", {"tags": tags})
        standing = cloud.find(pulumi.get_stack())
        assert standing is not None
        config = pulumi.Output.secret(standing.kubeconfig.read_text())
        provider = kubernetes.Provider("kubernetes", kubeconfig=config, cluster_identifier="small")
        inside = pulumi.ResourceOptions(provider=provider)
        team = TenantNamespace("team", {"tags": tags}, inside)
        kubernetes.core.v1.Secret(
            "password",
            metadata={"name": "password", "namespace": team.namespace},
            string_data={"password": pulumi.Output.secret(SECRET)},
            opts=inside,
        )


def main() -> None:
    """Run `llmp` with the small program, and with the policies only where they are asked for."""
    from infra.cli import commands, engine  # noqa: PLC0415
    from infra.cli.main import main as llmp  # noqa: PLC0415

    commands.Program = SmallProgram  # pyright: ignore[reportAttributeAccessIssue]
    if not os.environ.get(WITH_POLICIES):
        engine.Engine._packs = no_packs  # pyright: ignore[reportPrivateUsage]
    llmp(prog_name="llmp")


if __name__ == "__main__":
    main()
