"""Everything that a run of the engine needs, started and stopped around it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from infra.cli.engine import Engine
from infra.cli.workspace import lay_out, passphrase_file
from infra.recovery.files import mend
from infra.recovery.locks import drop_dead_locks
from infra.recovery.state import project_of
from infra.settings import Cloud, Settings
from infra.state import checkout
from local import cloud, locks, toolchain
from local.cloud import LocalCloud
from local.cluster import rooms
from local.errors import LocalCloudError
from local.node import requirements
from local.node.plan import NODE_TOOLS
from local.paths import REPOSITORY, state_folder
from local.providers.model import IN_USE
from local.reporter import Reporter, reported

POLICY_PACK = REPOSITORY / "policies" / "run"
ENGINE_TOOLS = ("pulumi",)
CLOUD_TOOLS = ("pulumi", "etcd", "kube-apiserver", "kube-controller-manager")
STAND_IN = "stand-in"
OFFICIAL = "official"

_FOREIGN = (
    "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "KUBECONFIG", "PULUMI_ACCESS_TOKEN",
    "PULUMI_STACK", "PULUMI_CONFIG", "PULUMI_CONFIG_PASSPHRASE",
)  # fmt: skip
"""What a shell may carry that must not reach a run against the local cloud."""


@contextmanager
def engine_session(
    stack: str,
    settings: Settings,
    program: Callable[[], None],
    reporter: Reporter,
    tell: Callable[[str], None],
    *,
    providers: str = STAND_IN,
) -> Generator[tuple[Engine, LocalCloud | None]]:
    """An engine ready to run `stack`; with the local cloud and its providers if it needs them.

    Raises:
        LocalCloudError: A tool, the cloud or a provider cannot be started.
    """
    if settings.environment.cloud is Cloud.AWS:
        with only_run(stack), aws_session(stack, program, reporter, tell) as engine:
            yield engine, None
        return
    live = settings.environment.cloud is Cloud.LIVE
    # one that stands has what it needs, and may be what fills the disk: it must be able to go
    if live and cloud.find(stack) is None:
        requirements.require()
    tools = toolchain.ensure((*CLOUD_TOOLS, *(NODE_TOOLS if live else ())), reporter)
    with only_run(stack):
        with reported(reporter, "local cloud", "healthy"):
            local_cloud, lost = cloud.ensure(stack, providers, tools, reporter, live=live)
        for words in lost:
            tell(f"Lost: {words}")
        if local_cloud.live:
            from local.node.ready import prepare  # noqa: PLC0415 - it brings the whole forge

            prepare(local_cloud.live, tools, reporter, domain=settings.serving.domain)
        folder = local_cloud.engine_folder
        env = local_environment(local_cloud, settings.region)
        project = project_of(lay_out(folder, stack))
        for lock in drop_dead_locks(env["PULUMI_BACKEND_URL"], project, stack, tell):
            tell(f"A run died and left the stack locked ({lock}); the lock is removed.")
        mend(env["PULUMI_BACKEND_URL"], project, stack)
        with (
            stand_ins(local_cloud, env, reporter) as attached,
            weights_of(local_cloud, env, reporter),
        ):
            yield (
                Engine(
                    pulumi=tools["pulumi"],
                    stack=stack,
                    workspace=lay_out(folder, stack),
                    env={**env, **attached},
                    program=program,
                    policy_packs=(POLICY_PACK,),
                    tell=tell,
                ),
                local_cloud,
            )


@contextmanager
def weights_of(
    local_cloud: LocalCloud, env: Mapping[str, str], reporter: Reporter
) -> Generator[None]:
    """Weights put into a live cloud's model store for as long as the body runs."""
    if local_cloud.live is None:
        yield
        return
    from local.node.weights import publishing  # noqa: PLC0415 - other clouds do without

    with publishing(env["AWS_ENDPOINT_URL"], env["AWS_REGION"], reporter):
        yield


@contextmanager
def aws_session(
    stack: str, program: Callable[[], None], reporter: Reporter, tell: Callable[[str], None]
) -> Generator[Engine]:
    """The engine on the backend that the user is logged in to; the caller holds `only_run`."""
    tools = toolchain.ensure(ENGINE_TOOLS, reporter)
    folder = state_folder() / stack / "engine"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield Engine(
        pulumi=tools["pulumi"],
        stack=stack,
        workspace=lay_out(folder, stack),
        env={"PULUMI_SKIP_UPDATE_CHECK": "true"},
        program=program,
        policy_packs=(POLICY_PACK,),
        tell=tell,
    )


def local_environment(local_cloud: LocalCloud, region: str) -> dict[str, str]:
    """Environment of everything that talks to the local cloud: engine, providers, tests."""
    folder = local_cloud.engine_folder
    backend = folder / "backend"
    backend.mkdir(parents=True, exist_ok=True, mode=0o700)
    env = {
        "PULUMI_BACKEND_URL": backend.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase_file(folder)),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_ENDPOINT_URL": local_cloud.aws_endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
    if local_cloud.providers == STAND_IN:
        env["PULUMI_HOME"] = str(folder / "home")
    return env


def without_foreign(env: Mapping[str, str]) -> dict[str, str]:
    """`env` without what would lead a client of the local cloud to another one."""
    return {key: value for key, value in env.items() if key not in _FOREIGN}


@contextmanager
def stand_ins(
    local_cloud: LocalCloud, env: Mapping[str, str], reporter: Reporter
) -> Generator[dict[str, str]]:
    """The stand-in providers' process; yields what makes the engine attach to it."""
    forget_foreign()
    if local_cloud.providers == OFFICIAL:
        yield {}
        return
    chosen = ("--cloud", str(local_cloud.folder))
    with stand_in_process(chosen, local_cloud.folder, env, reporter) as attached:
        yield attached


def forget_foreign() -> None:
    """Drop from this process what would lead a client of the local cloud to another one."""
    for name in _FOREIGN:
        os.environ.pop(name, None)


@contextmanager
def stand_in_process(
    arguments: tuple[str, ...], folder: Path, env: Mapping[str, str], reporter: Reporter
) -> Generator[dict[str, str]]:
    """``python -m local.providers ARGUMENTS``; yields what makes the engine attach to it.

    Args:
        arguments: ``--cloud FOLDER`` or ``--offline FOLDER``.
        folder: Where its log goes.
        env: Environment, over that of this process.
        reporter: Told when it serves.

    Raises:
        LocalCloudError: It did not start.
    """
    log = folder / "providers.log"
    # those of a run that was killed end their calls first: what they still make must be found
    with locks.waiting(folder / IN_USE, reporter, "providers", "ends a killed run's calls", 60):
        pass
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.providers", *arguments],
            cwd=REPOSITORY,
            env=without_foreign({**os.environ, **env}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    try:
        with reported(reporter, "providers", "stand-ins for aws, kubernetes and eks"):
            ports = _ports(process.stdout, log)
        attached = ",".join(f"{name}:{port}" for name, port in ports.items())
        yield {"PULUMI_DEBUG_PROVIDERS": attached}
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ports(stdout: IO[str] | None, log: Path) -> dict[str, int]:
    line = stdout.readline() if stdout is not None else ""
    try:
        return {str(name): int(port) for name, port in json.loads(line).items()}
    except (ValueError, AttributeError):
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise LocalCloudError(
            "The stand-in providers did not start.", f"Their log is {log}.", tail
        ) from None


@contextmanager
def only_run(stack: str) -> Generator[None]:
    """One run of a stack at a time, of one checkout; a second one is told who is first."""
    folder = state_folder() / stack
    doing = " ".join(sys.argv[1:]) or "llmp"
    with ExitStack() as held:
        with rooms.disk_errors(folder):
            rooms.private_folder(folder)
            held.enter_context(locks.at_once(folder / "run.lock", f"Stack {stack}", doing))
            checkout.claim(folder, stack)
        yield
