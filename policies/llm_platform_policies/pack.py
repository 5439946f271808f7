"""The catalogue as policies of the Pulumi SDK."""

from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyComplianceFramework,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import (
    Policy as SdkPolicy,
)
from pulumi_policy import (
    Severity as SdkSeverity,
)

from llm_platform_policies import catalogue
from llm_platform_policies.evaluation import Evaluation, Finding, Subject
from llm_platform_policies.levels import level_of
from llm_platform_policies.model import Policy
from llm_platform_policies.settings import EnvironmentName

NAME = "llm-platform"
"""Name of the pack."""

EXCEPTIONS_FILE = Path(__file__).resolve().parents[1] / "exceptions.yaml"


class NotConfiguredError(Exception):
    """The engine asked for a verdict before it told which stack it works on."""

    def __init__(self) -> None:
        super().__init__(
            "the policy pack was not given the stack's configuration, so it cannot judge; "
            "use the Pulumi CLI that this project pins"
        )


class Pack:
    """The policies of one run.

    Attributes:
        policies: What the SDK serves; their levels are those of the environment once
            `start` was called, and mandatory before.
    """

    def __init__(self) -> None:
        self._evaluation: Evaluation | None = None
        self.policies: list[SdkPolicy] = [self._sdk_policy(each) for each in catalogue.POLICIES]

    @property
    def evaluation(self) -> Evaluation:
        """The evaluation of this run.

        Raises:
            NotConfiguredError: `start` was not called.
        """
        if self._evaluation is None:
            raise NotConfiguredError
        return self._evaluation

    def start(self, evaluation: Evaluation) -> None:
        """Begin a run: take its settings and the levels of its environment."""
        self._evaluation = evaluation
        environment = evaluation.context.settings.environment.name
        for policy in self.policies:
            policy.enforcement_level = sdk_level(policy.name, environment)

    def _sdk_policy(self, policy: Policy) -> SdkPolicy:
        if policy.check_stack is not None or policy in (
            catalogue.EXCEPTIONS_EXPIRED,
            catalogue.EXCEPTIONS_UNUSED,
        ):
            return StackValidationPolicy(
                policy.id, validate=self._stack_check(policy), **_metadata(policy)
            )
        return ResourceValidationPolicy(
            policy.id, validate=self._resource_check(policy), **_metadata(policy)
        )

    def _resource_check(self, policy: Policy) -> Any:
        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            subject = Subject(args.resource_type, args.name, args.urn, args.props)
            for finding in self.evaluation.check_resource(policy, subject):
                report(message_of(finding), None)

        return validate

    def _stack_check(self, policy: Policy) -> Any:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            subjects = [
                Subject(
                    each.resource_type,
                    each.name,
                    each.urn,
                    each.props,
                    tuple(
                        used.urn
                        for together in each.property_dependencies.values()
                        for used in together
                    ),
                )
                for each in args.resources
            ]
            for finding in self.evaluation.check_stack(policy, subjects):
                report(message_of(finding), finding.urn or None)

        return validate


def sdk_level(policy: str, environment: EnvironmentName) -> EnforcementLevel:
    """The SDK's word for the level of a policy in an environment."""
    return EnforcementLevel(level_of(policy, environment).value)


def message_of(finding: Finding) -> str:
    """What the user reads beneath the policy's description."""
    policy = catalogue.BY_ID[finding.policy]
    return f"{finding.message}\nTo do: {policy.remediation} ({policy.anchor})"


def _metadata(policy: Policy) -> dict[str, Any]:
    return {
        "description": policy.description,
        "enforcement_level": EnforcementLevel.MANDATORY,
        "display_name": policy.title,
        "severity": SdkSeverity(policy.severity.value),
        "framework": PolicyComplianceFramework(
            name=NAME, reference=", ".join(policy.equivalents) or None
        ),
        "tags": [policy.domain],
        "remediation_steps": policy.remediation,
        "url": policy.anchor,
    }
