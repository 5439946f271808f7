"""What `llmp live` does."""

import shlex

from rich.console import Console

from infra import arguments
from infra.cli import commands, live_models
from infra.cli.session import STAND_IN
from infra.cli.view import ConsoleReporter
from infra.cli.workspace import load_settings
from infra.settings import Cloud, Settings
from llm_platform.addons.arguments import addon_args
from local import cloud, forge
from local.charts.needed import needed_images
from local.errors import LocalCloudError
from local.images import programs
from local.node import requirements


def up(stack: str, *, install: bool) -> int:
    """Bring a live stack up until its models are ready; exit codes as of `llmp up`.

    Raises:
        LocalCloudError: Something that it needs is not to be had, or a model is not ready in time.
    """
    settings = _settings(stack, for_change=True)
    if install:
        install_missing()
    bring_images(settings)
    code = commands.up(stack, settings, providers=STAND_IN, refresh=True)
    found = cloud.find(stack)
    if code == 0 and settings.services and found is not None:
        reporter = ConsoleReporter(Console(highlight=False, soft_wrap=True))
        live_models.wait_until_ready(found.kubeconfig, reporter)
    return code


def bring_images(settings: Settings) -> None:
    """Have the images of the add-ons made, with its progress shown; seconds when they are.

    Raises:
        LocalCloudError: A chart or an image is not to be had.
    """
    reporter = ConsoleReporter(Console(highlight=False, soft_wrap=True))
    context = arguments.addon_context(settings)
    releases = [addon_args(name, context) for name in arguments.selected_addons(settings)]
    forge.ensure(needed_images(releases, reporter), reporter)


def down(stack: str, *, now: bool) -> int:
    """Destroy a live stack and end its node; exit codes as of `llmp destroy`."""
    settings = _settings(stack)
    if now:
        return commands.stop(stack)
    code = commands.destroy(stack, settings, providers=STAND_IN, stop=True, yes=True)
    if code != 0 and cloud.find(stack) is not None:
        print(f"The node goes on; end it and all that is left: llmp live down {stack} --now")  # noqa: T201
    return code


def env(stack: str) -> int:
    """Print lines that a shell can take in; exit code 1 when the cloud is not up."""
    for name, value in addresses(stack).items():
        print(f"export {name}={shlex.quote(value)}")  # noqa: T201 - for a shell, not for rich
    return 0


def addresses(stack: str) -> dict[str, str]:
    """Where a live stack's parts answer, by the name of a shell's variable.

    Raises:
        LocalCloudError: Its cloud is not up, or has no node.
    """
    found = cloud.find(stack)
    if found is None or found.live is None:
        raise LocalCloudError(
            f"Stack {stack} has no live cloud that is up.", f"Start it: llmp live up {stack}"
        )
    return {
        "KUBECONFIG": str(found.kubeconfig),
        "AWS_ENDPOINT_URL": found.aws_endpoint,
        "LLMP_HTTPS": f"127.0.0.1:{found.live.https_port}",
    }


def install_missing() -> None:
    """Install Debian packages that a node needs and this machine lacks.

    Raises:
        LocalCloudError: This is not root, or the installation fails.
    """
    lacks = requirements.packages(requirements.checks())
    if lacks:
        reporter = ConsoleReporter(Console(highlight=False, soft_wrap=True))
        programs.install_packages(lacks, reporter)


def _settings(stack: str, *, for_change: bool = False) -> Settings:
    settings = load_settings(stack, for_change=for_change)
    if settings.environment.cloud is not Cloud.LIVE:
        raise LocalCloudError(
            f"Stack {stack} is no live stack: environment.cloud is {settings.environment.cloud}.",
            f"Use llmp up {stack}, or a stack file with cloud: live.",
        )
    return settings
