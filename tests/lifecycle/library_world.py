"""What the tests of the library as others use it share: a cloud, stand-ins, remote components."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
import yaml
from pulumi import automation

from infra.cli.interruptible import InterruptiblePulumi
from infra.cli.session import local_environment, stand_ins
from local import cloud, toolchain
from local.aws.client import client
from local.cloud import LocalCloud
from local.cluster.crds import crds_for
from local.paths import REPOSITORY
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api
from local.reporter import LineReporter, QuietReporter
from local.setup import uv

EXAMPLES = REPOSITORY / "examples"
LAUNCHER = "pulumi-resource-llm-platform"
REGION = "eu-central-1"
CLUSTER = "summaries"
NAMESPACE = "summaries"
SERVICES = "inferenceservices.serving.kserve.io"

_WHOLE = re.compile(r"^\$\{([\w.]+)\}$")
_REFERENCE = re.compile(r"\$\{(\w+)\.(\w+)\}")


@dataclass
class World:
    """One cloud; its Kubernetes knows what KServe serves."""

    cloud: LocalCloud
    engine: Path
    folder: Path
    env: Mapping[str, str]

    @property
    def api(self) -> Api:
        return Api(read_kubeconfig(self.cloud.kubeconfig.read_text()))

    def aws(self, service: str) -> Any:
        return client(service, self.cloud.aws_endpoint, REGION)

    def stack(self, name: str, program: Callable[[], None]) -> automation.Stack:
        """A stack whose program runs here."""
        stack = automation.create_stack(
            name,
            project_name="gpu-service-yaml",
            program=program,
            opts=automation.LocalWorkspaceOptions(
                work_dir=str(self.folder),
                env_vars=dict(self.env),
                pulumi_command=InterruptiblePulumi(self.engine, print),
            ),
        )
        stack.set_config("aws:region", automation.ConfigValue(REGION))
        kubeconfig = automation.ConfigValue(self.cloud.kubeconfig.read_text(), secret=True)
        stack.set_config("kubernetes:kubeconfig", kubeconfig)
        return stack


@contextmanager
def world(engine: Path, folder: Path) -> Generator[World]:
    """A cloud of its own below `folder`, which ``LLMP_STATE`` names already."""
    names = ("etcd", "kube-apiserver", "kube-controller-manager")
    tools = toolchain.ensure(names, LineReporter())
    made, _ = cloud.ensure("library", "stand-in", tools, LineReporter())
    try:
        env = local_environment(made, REGION)
        with stand_ins(made, env, QuietReporter()) as attached:
            # the engine looks for the plugin of the components on PATH
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            shared = World(made, engine, folder, {**env, **attached, "PATH": path})
            _furnish(shared)
            yield shared
    finally:
        cloud.stop("library", QuietReporter())


def _furnish(shared: World) -> None:
    """What has to be in the cluster before a model is served: KServe's kind, a namespace."""
    manifests = {each["metadata"]["name"]: each for each in crds_for("kserve-crd", "").manifests}
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{SERVICES}"
    shared.api.apply(path, manifests[SERVICES], "test", force=True, dry_run=False)
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    shared.api.request("POST", "/api/v1/namespaces", body=space)


class Remote(pulumi.ComponentResource):
    """A component that the plugin makes, as a program in any other language asks for it."""

    def __init__(
        self,
        token: str,
        name: str,
        inputs: Mapping[str, Any],
        outputs: frozenset[str] = frozenset(),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {**inputs, **dict.fromkeys(outputs)}
        super().__init__(token, name, props, opts, remote=True)

    def output(self, name: str) -> pulumi.Output[Any]:
        """One of the `outputs` that were asked for."""
        return self.__dict__[name]


class Plain(pulumi.CustomResource):
    """A resource of a provider."""

    def __init__(
        self,
        token: str,
        name: str,
        inputs: Mapping[str, Any],
        outputs: frozenset[str] = frozenset(),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(token, name, {**dict.fromkeys(outputs), **inputs}, opts)

    def output(self, name: str) -> pulumi.Output[Any]:
        """One of the `outputs` that were asked for."""
        return self.__dict__[name]


def yaml_program(file: Path) -> Callable[[], None]:
    """A program in Pulumi YAML, as far as the example needs the language.

    What the stack's configuration says comes before the file's defaults, and is secret.
    """
    text = file.read_text(encoding="utf-8")
    document: Any = yaml.safe_load(text)
    asked = set(_REFERENCE.findall(text))

    def run() -> None:
        known: dict[str, Any] = {
            name: pulumi.Config().get_secret(name) or each["default"]
            for name, each in document["config"].items()
            if "default" in each
        }

        def read(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: read(each) for key, each in cast("dict[str, Any]", value).items()}
            if isinstance(value, list):
                return [read(each) for each in cast("list[Any]", value)]
            whole = _WHOLE.match(value) if isinstance(value, str) else None
            if whole is None:
                return value
            name, _, attribute = whole[1].partition(".")
            return known[name].output(attribute) if attribute else known[name]

        for name, each in document["resources"].items():
            outputs = frozenset(attribute for owner, attribute in asked if owner == name)
            after: Any = read(each.get("options", {}).get("dependsOn", []))
            opts = pulumi.ResourceOptions(depends_on=after)
            kind = Remote if each["type"].startswith("llm-platform:") else Plain
            known[name] = kind(each["type"], name, read(each["properties"]), outputs, opts)
        for name, value in document["outputs"].items():
            pulumi.export(name, read(value))

    return run


@dataclass(frozen=True)
class Foreign:
    """Another team's project in a folder of its own, with an environment of its own."""

    folder: Path
    wheel: Path
    source: Path

    @property
    def python(self) -> Path:
        return self.folder / ".venv" / "bin" / "python"

    def run(self, code: str, *arguments: str, **env: str) -> str:
        """What a program says that runs in the project."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        return _said([str(self.python), "-c", code, *arguments], self.folder, {**kept, **env})


def foreign_project(example: str, folder: Path) -> Foreign:
    """Copy an example into `folder` and install it from the library's built wheel.

    Every other package has the version of our lock file, so that the test is the same tomorrow.
    """
    program, env = str(uv.ensure()), uv.environment(os.environ)
    project = folder / example
    project.mkdir()
    for file in (EXAMPLES / example).iterdir():
        if file.is_file():
            (project / file.name).write_bytes(file.read_bytes())
    built = folder / "dist"
    _said(
        [program, "build", "--quiet", "--out-dir", str(built), str(REPOSITORY / "components")],
        folder,
        env,
    )
    pins = folder / "pins.txt"
    _said(
        [
            program, "export", "--quiet", "--frozen", "--no-hashes", "--no-emit-workspace",
            "--all-groups", "--output-file", str(pins),
        ],
        REPOSITORY,
        env,
    )  # fmt: skip
    (wheel,) = built.glob("*.whl")
    (source,) = built.glob("*.tar.gz")
    made = Foreign(project, wheel, source)
    _said([program, "venv", "--quiet", "--python", sys.executable, ".venv"], project, env)
    _said(
        [
            program, "pip", "install", "--quiet", "--python", str(made.python),
            "--constraint", str(pins), "--requirements", "pyproject.toml", str(wheel),
        ],
        project,
        env,
    )  # fmt: skip
    return made


def _said(command: list[str], folder: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=dict(env), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
