"""The program that `pulumi up` runs: settings in, platform built, outputs out."""

import pulumi

from infra.settings_source import engine_values, settings_from
from infra.stack import Platform
from llm_platform.problems import InvalidInputsError


def run() -> None:
    """Build the platform of the selected stack.

    Raises:
        pulumi.RunError: The stack file or an input is wrong; shown without a stack trace.
    """
    try:
        settings = settings_from(engine_values(), f"stacks/Pulumi.{pulumi.get_stack()}.yaml")
        platform = Platform(settings)
    except InvalidInputsError as error:
        raise pulumi.RunError(str(error)) from None
    for name, value in platform.outputs().items():
        pulumi.export(name, value)


if __name__ == "__main__":
    run()
