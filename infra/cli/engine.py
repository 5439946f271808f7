"""One stack on the real engine: preview, up, refresh, destroy, and what stands now."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pulumi import automation
from pulumi.automation import EngineEvent

from infra.cli.events import RunLog
from infra.cli.interruptible import InterruptiblePulumi

# What a failing program says comes by the engine's events; gRPC would print its trace besides.
logging.getLogger("grpc").setLevel(logging.CRITICAL)

Watcher = Callable[[RunLog], None]


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

    def preview(self, watch: Watcher, *, refresh: bool) -> RunLog:
        """Work out what an update would do, with the policies; nothing is changed.

        Raises:
            RunFailedError: The program, a provider or a mandatory policy failed.
            InterruptedRunError: Stopped by a signal.
        """
        return self._run(
            watch,
            lambda stack, hear: stack.preview(
                on_event=hear, policy_packs=self._packs(), refresh=refresh, color="never"
            ),
        )

    def up(self, watch: Watcher, *, refresh: bool) -> RunLog:
        """Make the cloud what the program says. Errors as in `preview`."""
        return self._run(
            watch,
            lambda stack, hear: stack.up(
                on_event=hear,
                policy_packs=self._packs(),
                refresh=refresh,
                color="never",
                show_secrets=False,
                continue_on_error=True,
            ),
        )

    def refresh(self, watch: Watcher) -> RunLog:
        """Make the state what the cloud says. Errors as in `preview`."""
        return self._run(
            watch,
            lambda stack, hear: stack.refresh(on_event=hear, color="never", show_secrets=False),
        )

    def destroy(self, watch: Watcher) -> RunLog:
        """Delete everything but what is retained. Errors as in `preview`."""
        return self._run(
            watch,
            lambda stack, hear: stack.destroy(on_event=hear, color="never", show_secrets=False),
        )

    def resources(self) -> list[dict[str, Any]]:
        """The resources of the state, as the engine keeps them; secrets stay encrypted."""
        deployment = self._stack().export_stack().deployment
        if not deployment:
            return []
        return cast("list[dict[str, Any]]", deployment.get("resources") or [])

    def _packs(self) -> list[str]:
        return [str(pack) for pack in self.policy_packs]

    def _stack(self) -> automation.Stack:
        workspace = automation.LocalWorkspace(
            work_dir=str(self.workspace),
            program=self.program,
            env_vars=dict(self.env),
            pulumi_home=self.env.get("PULUMI_HOME"),
            pulumi_command=InterruptiblePulumi(self.pulumi, self.tell),
        )
        return automation.Stack.create_or_select(self.stack, workspace)

    def _run(
        self,
        watch: Watcher,
        operation: Callable[[automation.Stack, Callable[[EngineEvent], None]], object],
    ) -> RunLog:
        log = RunLog()

        def hear(event: EngineEvent) -> None:
            log.hear(event)
            watch(log)

        try:
            operation(self._stack(), hear)
        except automation.CommandError as error:
            raise RunFailedError(log, _last_words(error)) from None
        return log


def _last_words(error: automation.CommandError) -> str:
    """The engine's standard error, without the wrapping that the SDK puts around it."""
    text = str(error)
    _, found, rest = text.partition("stderr:")
    return (rest if found else text).strip()
