"""LlmRollout: how candidates of a served model take its place."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform import versions
from llm_platform.addons.values.common import PROMETHEUS_SERVICE
from llm_platform.addons.values.mlops import WORKFLOW_NAMESPACE
from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong
from llm_platform.kubernetes.labels import COMPONENT_LABEL, NAME_LABEL
from llm_platform.kubernetes.objects import metadata
from llm_platform.serving import rollout_spec as specs
from llm_platform.serving.kinds import RolloutStrategy
from llm_platform.serving.rollout_check import check_llm_rollout
from llm_platform.serving.rollout_gates import GateLimits, gates

PROMETHEUS_URL = f"http://{PROMETHEUS_SERVICE}.monitoring.svc.cluster.local:9090"
GROUP = "rbac.authorization.k8s.io"


class RolloutQuality(TypedDict):
    """A quality score that a candidate must keep up."""

    query: str
    """PromQL of one value, more is better, with ``$labels`` where the matchers of a variant go."""
    minimum: NotRequired[float]
    """Score that is always enough. Default: 1."""
    margin: NotRequired[float]
    """How far below stable's score it may lie. Default: 0.05."""


class LlmRolloutArgs(TypedDict):
    """Inputs of an `LlmRollout`."""

    service: str
    """Name of the served model in Kubernetes."""
    namespace: str
    """Its namespace."""
    tenant: NotRequired[pulumi.Input[str]]
    """The same as an output, such as `LlmService.namespace`, so that this waits for it."""
    workflow_namespace: NotRequired[str]
    """Namespace of the platform's workflows. Default: argo-workflows."""
    workflows: NotRequired[pulumi.Input[str]]
    """The same as an output of Argo's add-on, so that this waits for it."""
    image: NotRequired[str]
    """Image of the program, with a fixed tag or digest. Default: the platform's."""
    prometheus_url: NotRequired[str]
    """Where Prometheus answers. Default: that of the platform's monitoring."""
    strategy: NotRequired[RolloutStrategy]
    """Strategy of a rollout that is started without one. Default: canary."""
    weights: NotRequired[list[int]]
    """Shares of a canary out of 100, ascending to 100. Default: 1, 10, 25, 50, 100."""
    mirrored_percent: NotRequired[int]
    """Requests out of 100 that a shadow gets a copy of. Default: 100."""
    step_seconds: NotRequired[int]
    """How long a step lasts at the least. Default: 120."""
    step_limit_seconds: NotRequired[int]
    """After how long a step whose gates cannot decide counts as failed. Default: 1800."""
    ready_seconds: NotRequired[int]
    """How long a candidate may take to be ready before its first request. Default: 900."""
    unready_seconds: NotRequired[int]
    """How long it may be not ready after that. Default: 30."""
    lease_seconds: NotRequired[int]
    """After how long without a sign of life a rollout is dead; more than a pod takes to start.
    Default: 180."""
    min_samples: NotRequired[int]
    """Requests of the candidate on which a gate may pass. Default: 50."""
    max_error_ratio: NotRequired[float]
    """Share of requests with a status of 5xx that is always allowed. Default: 0.01."""
    max_refusal_ratio: NotRequired[float]
    """Share of requests that are refused with a status of 4xx that is always allowed; not counted
    are 401, 403, 429 and 499. Default: 0.05."""
    max_duration_seconds: NotRequired[float]
    """95th percentile of a request's duration that is always allowed. Default: 5."""
    max_first_token_seconds: NotRequired[float]
    """95th percentile of the time to the first token that is always allowed. Default: 1."""
    slower_than_stable: NotRequired[float]
    """Factor on stable's percentiles that is allowed too. Default: 1.25."""
    quality: NotRequired[RolloutQuality]
    """A quality score as a further gate. Default: none."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Owner, team and cost centre; they become labels."""


class LlmRollout(PlatformComponent):
    """The workflow by which candidates of a served model get requests, step by step.

    Pulumi makes the workflow's template, its rights and a Lease. The rollout itself is started by
    `llmp rollout start`, and owns the weights of the model's routes from then on. A guard, a
    CronJob that rests between rollouts, gives everything back to stable when a rollout dies.
    """

    workflow_template: pulumi.Output[str]
    """``NAMESPACE/NAME`` of the WorkflowTemplate; known once it can be used."""

    def __init__(
        self, name: str, args: LlmRolloutArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        raise_if_wrong(f"LlmRollout '{name}'", LlmRolloutArgs, args, check_llm_rollout)
        super().__init__("LlmRollout", name, args, args.get("tags", {}), opts)
        self._label, self._service = name, args["service"]
        room = args.get("tenant", args["namespace"])
        found = shape(args)
        place = args.get("workflows", found.workflow_namespace)
        account = kubernetes.core.v1.ServiceAccount(
            f"{name}-account",
            metadata=self._own("account", found.name, place),
            # Argo can only turn the token off, not on
            automount_service_account_token=True,
            opts=self.child(),
        )
        lease = kubernetes.coordination.v1.Lease(
            f"{name}-lease",
            metadata=self._own("lease", f"{self._service}{specs.LEASE_SUFFIX}", room),
            opts=self.child(),
        )
        subject = {"kind": "ServiceAccount", "name": account.metadata.name, "namespace": place}
        bound = [
            *self._bound("service", f"{self._service}-rollout", room, found, subject),
            *self._bound("workflow", found.name, place, found, subject),
        ]
        gates = [lease, *bound]
        watch = kubernetes.batch.v1.CronJob(
            f"{name}-guard",
            metadata=self._own("guard", found.name, place),
            spec=_raw(specs.guard(found, account.metadata.name)),
            opts=self.child(depends_on=gates),
        )
        template = kubernetes.apiextensions.CustomResource(
            f"{name}-template",
            api_version=specs.ARGO,
            kind="WorkflowTemplate",
            metadata=self._own("template", found.name, place),
            spec=specs.workflow_template(found, account.metadata.name),
            opts=self.child(depends_on=[*gates, watch]),
        )
        self.workflow_template = pulumi.Output.concat(place, "/", after(found.name, [template]))
        self.register_outputs({"workflow_template": self.workflow_template})

    def _bound(
        self,
        part: str,
        name: str,
        namespace: pulumi.Input[str],
        found: specs.RolloutShape,
        subject: dict[str, Any],
    ) -> list[pulumi.Resource]:
        """A role and who has it."""
        rules = specs.service_rules if part == "service" else specs.workflow_rules
        role = kubernetes.rbac.v1.Role(
            f"{self._label}-{part}-role",
            metadata=self._own(f"{part}-role", name, namespace),
            rules=_raw(rules(found)),
            opts=self.child(),
        )
        binding = kubernetes.rbac.v1.RoleBinding(
            f"{self._label}-{part}-binding",
            metadata=self._own(f"{part}-binding", name, namespace),
            role_ref=_raw({"apiGroup": GROUP, "kind": "Role", "name": name}),
            subjects=_raw([subject]),
            opts=self.child(depends_on=[role]),
        )
        return [role, binding]

    def _own(self, part: str, name: str, namespace: pulumi.Input[str]) -> Any:
        labels = {NAME_LABEL: self._service, COMPONENT_LABEL: "rollout"}
        return metadata(self, f"{self._label}-{part}", name, namespace, labels)


def shape(args: LlmRolloutArgs) -> specs.RolloutShape:
    """What the inputs say, defaults filled in."""
    return specs.RolloutShape(
        service=args["service"],
        namespace=args["namespace"],
        workflow_namespace=args.get("workflow_namespace", WORKFLOW_NAMESPACE),
        image=args.get("image", versions.ROLLOUT.reference),
        prometheus=args.get("prometheus_url", PROMETHEUS_URL),
        strategy=RolloutStrategy(args.get("strategy", RolloutStrategy.CANARY)),
        gates=gates(limits(args)),
        weights=tuple(args.get("weights", specs.DEFAULT_WEIGHTS)),
        mirrored=args.get("mirrored_percent", 100),
        step_seconds=args.get("step_seconds", 120),
        step_limit_seconds=args.get("step_limit_seconds", 1800),
        ready_seconds=args.get("ready_seconds", 900),
        unready_seconds=args.get("unready_seconds", 30),
        lease_seconds=args.get("lease_seconds", 180),
    )


def limits(args: LlmRolloutArgs) -> GateLimits:
    """What a candidate may do, defaults filled in."""
    standard = GateLimits()
    quality = args.get("quality")
    return GateLimits(
        error_ratio=args.get("max_error_ratio", standard.error_ratio),
        refusal_ratio=args.get("max_refusal_ratio", standard.refusal_ratio),
        duration_seconds=args.get("max_duration_seconds", standard.duration_seconds),
        first_token_seconds=args.get("max_first_token_seconds", standard.first_token_seconds),
        slower=args.get("slower_than_stable", standard.slower),
        min_samples=args.get("min_samples", standard.min_samples),
        quality=quality["query"] if quality else "",
        quality_minimum=(quality or {}).get("minimum", standard.quality_minimum),
        quality_margin=(quality or {}).get("margin", standard.quality_margin),
    )


def _raw(value: Any) -> Any:
    """A value in Kubernetes' own words, for a class that has words of its own too."""
    return value
