"""One stack on the real engine: preview, up, refresh, destroy, and what stands now."""

import json
import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from pulumi import automation
from pulumi.automation import EngineEvent

from infra.cli.events import RunLog
from infra.cli.interruptible import InterruptiblePulumi

# What a failing program says comes by the engine's events; gRPC would print its trace besides.
logging.getLogger("grpc").setLevel(logging.CRITICAL)

# An engine that is killed ends its stream of events in the middle.
warnings.filterwarnings("ignore", "Error in event stream")

KILLED = (
    "The engine ended without a word: it was killed. What it was doing is looked for in the cloud "
    "when the same command is run again."
)
"""What to say when the engine cannot say it any more."""

Watcher = Callable[[RunLog], None]
Listener = Callable[[EngineEvent], None]


class RunFailedError(Exception):
    """The engine stopped with an error.

    Attributes:
        log: What it said until then.
        text: The engine's own last words, for the case that it said nothing by event.
    """

    def __init__(self, log: RunLog, text: str) -> None:
        self.log = log
        self.text = text
        super().__init__("\n".join(log.errors) or text)


@dataclass(frozen=True)
class Engine:
    """A stack, and how to reach it.

    Attributes:
        pulumi: The engine's executable.
        stack: Name of the stack.
        workspace: Folder with copies of the project and the stack file.
        env: Environment of the engine, over that of this process.
        program: The program; runs in this process.
        policy_packs: Packs to run in every preview and update.
        tell: Where a word to the user goes while the engine runs.
    """

    pulumi: Path
    stack: str
    workspace: Path
    env: Mapping[str, str]
    program: Callable[[], None]
    policy_packs: tuple[Path, ...]
    tell: Callable[[str], None]

    def preview(self, watch: Watcher, *, refresh: bool, hear: Listener | None = None) -> RunLog:
        """Work out what an update would do, with the policies; nothing is changed.

        Args:
            watch: Told of every event, with what the run has come to.
            refresh: Ask the cloud first.
            hear: Gets every event itself, with the inputs of the resources.

        Raises:
            RunFailedError: The program, a provider or a mandatory policy failed.
            InterruptedRunError: Stopped by a signal.
        """
        return self._run(
            watch,
            lambda stack, on_event: stack.preview(
                on_event=on_event, policy_packs=self._packs(), refresh=refresh, color="never"
            ),
            hear,
        )

    def up(self, watch: Watcher, *, refresh: bool, hear: Listener | None = None) -> RunLog:
        """Make the cloud what the program says. Arguments and errors as in `preview`."""
        return self._run(
            watch,
            lambda stack, on_event: stack.up(
                on_event=on_event,
                policy_packs=self._packs(),
                refresh=refresh,
                color="never",
                show_secrets=False,
                continue_on_error=True,
            ),
            hear,
        )

    def refresh(self, watch: Watcher) -> RunLog:
        """Make the state what the cloud says. Errors as in `preview`."""
        return self._run(
            watch,
            lambda stack, hear: stack.refresh(on_event=hear, color="never", show_secrets=False),
        )

    def drift(self, watch: Watcher, hear: Listener) -> RunLog:
        """Compare the state with the cloud; neither is changed. See `preview`.

        Raises:
            RunFailedError: As there; also when there is no state yet.
            InterruptedRunError: Stopped by a signal.
        """
        return self._run(
            watch,
            lambda stack, on_event: stack.preview_refresh(
                on_event=on_event, color="never", show_secrets=False
            ),
            hear,
            make=False,
        )

    def destroy(self, watch: Watcher, *, refresh: bool = False) -> RunLog:
        """Delete everything but what is retained. Errors as in `preview`."""
        return self._run(
            watch,
            lambda stack, hear: stack.destroy(
                on_event=hear, color="never", show_secrets=False, refresh=refresh
            ),
        )

    def resources(self) -> list[dict[str, Any]]:
        """The resources of the state, with secrets in plain text: not to be shown or written."""
        deployment = self._stack().export_stack().deployment
        if not deployment:
            return []
        return cast("list[dict[str, Any]]", deployment.get("resources") or [])

    def export(self, *, decrypted: bool = False) -> dict[str, Any]:
        """The state as ``pulumi stack export`` writes it: version and deployment.

        Secrets stay encrypted unless `decrypted`; `automation.Stack.export_stack` decrypts them.

        Raises:
            RunFailedError: There is no such stack, or its state cannot be read.
        """
        secrets = ["--show-secrets"] if decrypted else []
        said = self._pulumi("stack", "export", "--stack", self.stack, *secrets)
        return cast("dict[str, Any]", json.loads(said))

    def import_document(self, document: Mapping[str, Any]) -> None:
        """Replace the state by a document of the form that `export` gives; see `make_stack`.

        Raises:
            RunFailedError: The engine refuses it; the state is what it was.
        """
        with TemporaryDirectory(dir=self.workspace, prefix="import-") as folder:
            file = Path(folder) / "deployment.json"
            file.write_text(json.dumps(document), encoding="utf-8")
            self._pulumi("stack", "import", "--stack", self.stack, "--file", str(file))

    def make_stack(self) -> None:
        """Make the stack in its backend when it is not there yet.

        Raises:
            RunFailedError: The backend cannot be used.
        """
        try:
            self._stack()
        except automation.CommandError as error:
            raise RunFailedError(RunLog(), _last_words(error)) from None

    def backend(self) -> str:
        """Address of the backend that is logged in to.

        Raises:
            RunFailedError: None is.
        """
        known = json.loads(self._pulumi("whoami", "--json"))
        return str(known.get("url") or known["user"])

    def _pulumi(self, *arguments: str) -> str:
        command = InterruptiblePulumi(self.pulumi, self.tell)
        try:
            return command.run([*arguments], str(self.workspace), self.env).stdout
        except automation.CommandError as error:
            raise RunFailedError(RunLog(), _last_words(error)) from None

    def _packs(self) -> list[str]:
        return [str(pack) for pack in self.policy_packs]

    def _stack(self, *, make: bool = True) -> automation.Stack:
        workspace = automation.LocalWorkspace(
            work_dir=str(self.workspace),
            program=self.program,
            env_vars=dict(self.env),
            pulumi_home=self.env.get("PULUMI_HOME"),
            pulumi_command=InterruptiblePulumi(self.pulumi, self.tell),
        )
        opened = automation.Stack.create_or_select if make else automation.Stack.select
        return opened(self.stack, workspace)

    def _run(
        self,
        watch: Watcher,
        operation: Callable[[automation.Stack, Listener], object],
        listener: Listener | None = None,
        *,
        make: bool = True,
    ) -> RunLog:
        log = RunLog()

        def hear(event: EngineEvent) -> None:
            log.hear(event)
            watch(log)
            if listener is not None:
                listener(event)

        try:
            operation(self._stack(make=make), hear)
        except automation.CommandError as error:
            raise RunFailedError(log, _last_words(error)) from None
        return log


def _last_words(error: automation.CommandError) -> str:
    """The engine's standard error, without the wrapping that the SDK puts around it."""
    text = str(error)
    _, found, rest = text.partition("stderr:")
    return (rest if found else text).strip() or KILLED
