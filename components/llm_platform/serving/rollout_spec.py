"""What drives a rollout: an Argo WorkflowTemplate, a guard, and what both may do. Pure.

The workflow's pods run `services/rollout` in the platform's namespace for workflows, so no tenant
can start a pod with their rights; those are bound in the tenant's namespace, to objects by name.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llm_platform.naming import shortened
from llm_platform.serving import routes
from llm_platform.serving.kinds import RolloutStrategy
from llm_platform.serving.routes import Variant

ARGO = "argoproj.io/v1alpha1"
SETTINGS_VARIABLE = "ROLLOUT_SETTINGS"
"""Environment variable from which the program reads its settings."""
LEASE_SUFFIX = "-rollout"
NAME_LIMIT = 52
"""Longest name of a CronJob."""
COMMAND = ("python3", "-m", "rollout")
FINAL_CODES = (2, 10, 11)
"""Exit codes of the program after which trying again would be wrong."""
RETRIES = 10
USER = 1000

DEFAULT_WEIGHTS = (1, 10, 25, 50, 100)
SPARE_SECONDS = 600
"""Time beyond that of all steps after which a workflow is ended."""

Spec = dict[str, Any]


@dataclass(frozen=True)
class RolloutShape:
    """A service's rollouts.

    Attributes:
        service: Name of the served model.
        namespace: Its namespace.
        workflow_namespace: Where workflow and guard run.
        image: Image of `services/rollout`.
        prometheus: URL of Prometheus.
        strategy: Strategy of a rollout that names none.
        gates: Gates, see `rollout_gates`.
        weights: Shares of a canary out of 100, ascending, 100 at the end.
        mirrored: Requests out of 100 that a shadow gets a copy of.
        step_seconds: How long a step lasts at the least.
        step_limit_seconds: After how long a step that is not clear counts as failed.
        ready_seconds: How long a candidate may take to be ready at the start.
        unready_seconds: How long it may be not ready later on.
        lease_seconds: After how long without a sign of life a rollout is dead.
    """

    service: str
    namespace: str
    workflow_namespace: str
    image: str
    prometheus: str
    strategy: RolloutStrategy
    gates: Sequence[Spec]
    weights: tuple[int, ...] = DEFAULT_WEIGHTS
    mirrored: int = 100
    step_seconds: int = 120
    step_limit_seconds: int = 1800
    ready_seconds: int = 900
    unready_seconds: int = 30
    lease_seconds: int = 180

    @property
    def name(self) -> str:
        """Name of workflow template, guard and service account."""
        return rollout_name(self.namespace, self.service)


def rollout_name(namespace: str, service: str) -> str:
    """Name of a service's workflow template, guard and service account."""
    return shortened(f"rollout-{namespace}-{service}", NAME_LIMIT)


def strategy_word(strategy: RolloutStrategy) -> str:
    """The strategy as the program and the command line call it, such as ``blue-green``."""
    return strategy.value.lower().replace("_", "-")


STRATEGIES = tuple(strategy_word(each) for each in RolloutStrategy)


def step_names(strategy: RolloutStrategy, weights: Sequence[int]) -> list[str]:
    """Names of a strategy's steps; the program knows the same."""
    if strategy is RolloutStrategy.CANARY:
        return [f"weight-{each}" for each in weights]
    return ["shadow"] if strategy is RolloutStrategy.SHADOW else ["smoke", "switch"]


def settings(shape: RolloutShape) -> str:
    """The program's settings, as JSON."""
    document = {
        "service": shape.service,
        "namespace": shape.namespace,
        "prometheus": shape.prometheus,
        "gates": list(shape.gates),
        "weights": list(shape.weights),
        "mirrored": shape.mirrored,
        "step_seconds": shape.step_seconds,
        "step_limit_seconds": shape.step_limit_seconds,
        "ready_seconds": shape.ready_seconds,
        "unready_seconds": shape.unready_seconds,
        "lease_seconds": shape.lease_seconds,
        "guard": f"{shape.workflow_namespace}/{shape.name}",
    }
    # spaces keep Argo from seeing its own braces in nested mappings
    return json.dumps(document, sort_keys=True, indent=1)


def workflow_template(shape: RolloutShape, account: Any) -> Spec:
    """Specification of the WorkflowTemplate.

    Args:
        shape: The rollouts.
        account: Name of the service account.
    """
    most = len(shape.weights) * shape.step_limit_seconds + shape.ready_seconds + SPARE_SECONDS
    strategies = [
        [
            {
                "name": word,
                "template": word,
                "when": f"'{{{{workflow.parameters.strategy}}}}' == '{word}'",
            }
            for word in STRATEGIES
        ]
    ]
    return {
        "entrypoint": "rollout",
        "onExit": "settle",
        "serviceAccountName": account,
        "activeDeadlineSeconds": most,
        "archiveLogs": False,
        "podGC": {"strategy": "OnWorkflowSuccess"},
        "securityContext": pod_security(),
        "arguments": {
            "parameters": [
                {
                    "name": "strategy",
                    "value": strategy_word(shape.strategy),
                    "enum": list(STRATEGIES),
                }
            ]
        },
        "templates": [
            {"name": "rollout", "steps": strategies},
            *(_steps(each, shape) for each in RolloutStrategy),
            _command(shape, "begin", _ID, _STRATEGY),
            _command(shape, "step", _ID, _STRATEGY, ("--step", "{{inputs.parameters.step}}")),
            _command(shape, "finish", _ID, _STRATEGY),
            _command(shape, "settle", _ID, ("--status", "{{workflow.status}}")),
        ],
    }


_ID = ("--id", "{{workflow.name}}")
_STRATEGY = ("--strategy", "{{workflow.parameters.strategy}}")


def _steps(strategy: RolloutStrategy, shape: RolloutShape) -> Spec:
    names = step_names(strategy, shape.weights)
    steps: list[Spec] = [
        {
            "name": name,
            "template": "step",
            "arguments": {"parameters": [{"name": "step", "value": name}]},
        }
        for name in names
    ]
    ends = {name: {"name": name, "template": name} for name in ("begin", "finish")}
    every = [ends["begin"], *steps, ends["finish"]]
    return {"name": strategy_word(strategy), "steps": [[each] for each in every]}


def _command(shape: RolloutShape, command: str, *arguments: tuple[str, str]) -> Spec:
    """A template that runs one command; a pod that dies is followed by another one."""
    codes = ", ".join(map(str, FINAL_CODES))
    found: Spec = {
        "name": command,
        "retryStrategy": {
            "limit": str(RETRIES),
            "expression": f"!(asInt(lastRetry.exitCode) in [{codes}])",
            "backoff": {"duration": "2", "factor": "2", "maxDuration": "5m"},
        },
        "container": container(shape, [command, *(word for pair in arguments for word in pair)]),
    }
    if command == "step":
        found["inputs"] = {"parameters": [{"name": "step"}]}
    return found


def container(shape: RolloutShape, arguments: Sequence[str]) -> Spec:
    """The program's container."""
    return {
        "image": shape.image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(COMMAND),
        "args": list(arguments),
        "env": [{"name": SETTINGS_VARIABLE, "value": settings(shape)}],
        "resources": {
            "requests": {"cpu": "10m", "memory": "48Mi"},
            "limits": {"memory": "128Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def pod_security() -> Spec:
    """What the pods may do: nothing that the restricted level refuses."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def guard(shape: RolloutShape, account: Any) -> Spec:
    """Specification of the guard's CronJob: once a minute while a rollout runs.

    It says nothing of ``suspend``: the program lets it rest between rollouts.
    """
    pod = {
        "serviceAccountName": account,
        "automountServiceAccountToken": True,
        "restartPolicy": "Never",
        "securityContext": pod_security(),
        "containers": [{"name": "guard", **container(shape, ["guard"])}],
    }
    return {
        "schedule": "* * * * *",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 120,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 2,
                "activeDeadlineSeconds": 120,
                "template": {"spec": pod},
            }
        },
    }


def service_rules(shape: RolloutShape) -> list[Spec]:
    """What the program may do in the model's namespace: these objects, by their names."""
    service = shape.service
    http = [routes.http_route_name(service)]
    grpc = [routes.grpc_route_name(service), routes.direct_route_name(service)]
    variants = [routes.inference_service(service, each) for each in Variant]
    return [
        _rule("gateway.networking.k8s.io", "httproutes", http, "get", "patch"),
        _rule("gateway.networking.k8s.io", "grpcroutes", grpc, "get", "patch"),
        _rule("serving.kserve.io", "inferenceservices", variants, "get"),
        _rule("coordination.k8s.io", "leases", [f"{service}{LEASE_SUFFIX}"], "get", "patch"),
    ]


def workflow_rules(shape: RolloutShape) -> list[Spec]:
    """What it may do where it runs: tell Argo how its steps end, and wake its guard."""
    return [
        {
            "apiGroups": ["argoproj.io"],
            "resources": ["workflowtaskresults"],
            "verbs": ["create", "patch"],
        },
        _rule("batch", "cronjobs", [shape.name], "get", "patch"),
    ]


def _rule(group: str, resource: str, names: list[str], *verbs: str) -> Spec:
    return {
        "apiGroups": [group],
        "resources": [resource],
        "resourceNames": names,
        "verbs": list(verbs),
    }
