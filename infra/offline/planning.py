"""A plan of one environment by the real engine, without credentials and without network.

Everything that the engine writes goes to a private folder that is removed afterwards: a copy of
the project and the stack file, a backend, a passphrase.
"""

import json
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from infra.cli.engine import Engine, RunFailedError, Watcher
from infra.cli.events import RunLog
from infra.cli.session import ENGINE_TOOLS, POLICY_PACK, forget_foreign, stand_in_process
from infra.cli.workspace import SECRETS_KEYS, lay_out
from infra.offline.exported import ExportedState
from infra.offline.planned import PlanLog
from local import toolchain
from local.assumed.model import Fact, Setting
from local.cluster.processes import write_private
from local.providers.offline.ledger import read_ledger
from local.providers.offline.packages import write_setting
from local.reporter import QuietReporter, Reporter

LayOut = Callable[[Path, str], Path]


@dataclass(frozen=True)
class Plan:
    """What the engine worked out.

    Attributes:
        stack: Name of the stack.
        state: What it was planned against; None for an empty environment.
        log: What the engine said: errors, and what the policies found.
        resources: What happens to each resource, by URN.
        counts: How many resources that a provider makes see which operation.
        policy_report: The pack's own report with the estimate of cost; None when the run ended
            before it was written.
        assumed: What the program asked AWS, and the fact that was taken for the answer.
        failure: The engine's last words when it failed; empty when it did not.
    """

    stack: str
    state: ExportedState | None
    log: RunLog
    resources: PlanLog
    policy_report: Mapping[str, Any] | None
    assumed: list[tuple[str, Fact]] = field(default_factory=list[tuple[str, Fact]])
    failure: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many resources that a provider makes see which operation."""
        return self.resources.counts()


@dataclass(frozen=True)
class Subject:
    """What is planned.

    Attributes:
        stack: Name of the stack.
        environment: Name of the environment, for assumed facts that differ by it.
        region: AWS region of the stack.
        program: Builds the resources; runs in this process.
        workspace: Lays out project and stack file in a folder and returns that to run in; by
            default the tracked ones. Another one is for programs with a project of their own.
        policy_packs: Packs to run.
    """

    stack: str
    environment: str
    region: str
    program: Callable[[], None]
    workspace: LayOut = lay_out
    policy_packs: tuple[Path, ...] = (POLICY_PACK,)


def plan(
    subject: Subject,
    *,
    state: ExportedState | None = None,
    reporter: Reporter | None = None,
    watch: Watcher = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Plan:
    """Plan a stack with the real engine and providers that have no cloud.

    Nothing is asked of AWS or Kubernetes, and nothing outside of a temporary folder is written.
    To judge the Kubernetes objects of the result, see `infra.offline.manifests.validate`; for
    the whole as plain data, `infra.offline.document.document`.

    Args:
        subject: What is planned.
        state: What stands already (`infra.offline.exported.read_exported`), of the same stack;
            an empty environment when left out. It is not refreshed.
        reporter: Told what takes its time.
        watch: Told of every event of the engine.
        tell: Where a word to the user goes.

    Returns:
        The plan, also when the program, a provider or a policy failed: see `Plan.failure`.

    Raises:
        LocalCloudError: The engine or the providers cannot be started.
        InterruptedRunError: Stopped by a signal.
    """
    reporter = reporter or QuietReporter()
    tools = toolchain.ensure(ENGINE_TOOLS, reporter)
    forget_foreign()
    with tempfile.TemporaryDirectory(prefix="llmp-plan-") as made:
        folder = Path(made)
        known = {"account": state.account} if state and state.account else {}
        write_setting(folder, Setting(subject.environment, known))
        report = folder / "policies.json"
        env = {**_environment(folder, subject.region), "LLMP_POLICY_REPORT": str(report)}
        with stand_in_process(("--offline", made), folder, env, reporter) as attached:
            engine = Engine(
                pulumi=tools["pulumi"],
                stack=subject.stack,
                workspace=_workspace(subject, folder),
                env={**env, **attached},
                program=subject.program,
                policy_packs=subject.policy_packs,
                tell=tell,
            )
            resources = PlanLog()
            log, failure = _run(engine, state, watch, resources)
        return Plan(
            stack=subject.stack,
            state=state,
            log=log,
            resources=resources,
            policy_report=_read(report),
            assumed=read_ledger(folder),
            failure=failure,
        )


def _run(
    engine: Engine, state: ExportedState | None, watch: Watcher, resources: PlanLog
) -> tuple[RunLog, str]:
    try:
        if state is not None:
            engine.make_stack()
            engine.import_document({"version": state.version, "deployment": state.deployment})
        return engine.preview(watch, refresh=False, hear=resources.hear), ""
    except RunFailedError as error:
        return error.log, error.text or "the engine stopped"


def _environment(folder: Path, region: str) -> dict[str, str]:
    backend = folder / "backend"
    backend.mkdir(mode=0o700)
    passphrase = folder / "passphrase"
    write_private(passphrase, secrets.token_urlsafe(32))
    return {
        "PULUMI_BACKEND_URL": backend.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def _workspace(subject: Subject, folder: Path) -> Path:
    """The folder to run in; its copy of the stack file names no key of another backend."""
    workspace = subject.workspace(folder, subject.stack)
    copy = workspace / f"Pulumi.{subject.stack}.yaml"
    settings = yaml.safe_load(copy.read_text(encoding="utf-8"))
    kept = {key: value for key, value in settings.items() if key not in SECRETS_KEYS}
    write_private(copy, yaml.safe_dump(kept, sort_keys=False))
    return workspace


def _read(path: Path) -> Mapping[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
