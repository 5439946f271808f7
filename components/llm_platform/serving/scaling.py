"""Numbers of pods: KEDA by what waits, HPA by CPU, VPA as advice. Pure.

Every query gives a sum over the pods of a variant, and every threshold is for one pod, for two
reasons: KEDA divides a sum by the number of pods, and only such metrics have a fallback.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_platform.serving.kinds import ModelServer, ServingForm
from llm_platform.serving.llm_service_shape import ServiceShape
from llm_platform.serving.routes import Part, part_of
from llm_platform.serving.startup import pod_start_seconds
from llm_platform.serving.triton import CONTAINER

if TYPE_CHECKING:
    from llm_platform.serving.llm_service import LlmServiceArgs
    from llm_platform.serving.llm_service_inputs import LlmScaling

Spec = dict[str, Any]

KEDA = "keda.sh/v1alpha1"
VPA = "autoscaling.k8s.io/v1"
GROUPS = "leaderworkerset.x-k8s.io/v1"
PROMETHEUS = "http://kube-prometheus-stack-prometheus.monitoring.svc.cluster.local:9090"
POLL_SECONDS = 15
MISSED_POLLS = 3
WINDOW = "1m"
CALM_SECONDS = 300
"""Quiet after which a pod goes, one at a time, where nobody says otherwise."""
LONGEST_PERIOD = 1800
"""Longest period of a policy that an HPA takes."""
START_SECONDS = 180
"""From a new pod to its first answer when nothing is known of the model."""
WAKING = "waking"
NEVER = 1_000_000
"""A threshold that nothing reaches: what has it wakes a service, and adds no second pod."""


@dataclass(frozen=True)
class ScalingShape:
    """How a service scales, defaults filled in.

    Attributes:
        prometheus: Address of Prometheus.
        queue_ms: Triton: average time in queues that is all right.
        waiting: Requests that may wait, of each pod.
        kv_percent: vLLM: share of the cache that is all right.
        tokens_per_second: Tokens that a pod can make a second; 0 when not known.
        cpu_percent: CPU use of the model server that is all right; 0 when CPU does not count.
        gateway_cpu_percent: CPU use of the gateway that is all right.
        pod_start_seconds: From a new pod's creation to its first answer.
        calm_seconds: Quiet after which a pod goes.
        fallback_replicas: Pods while metrics are missing.
        to_zero: Whether the last pod goes when nobody asks.
        idle_seconds: Quiet after which the last pod goes.
    """

    prometheus: str
    queue_ms: int
    waiting: int
    kv_percent: int
    tokens_per_second: int
    cpu_percent: int
    gateway_cpu_percent: int
    pod_start_seconds: int
    calm_seconds: int
    fallback_replicas: int
    to_zero: bool
    idle_seconds: int


def scaling_shape(args: "LlmScaling", fewest: int, weights_gib: float) -> ScalingShape:
    """What the inputs say, defaults filled in.

    Args:
        args: The inputs.
        fewest: Fewest pods of the service.
        weights_gib: Size of the weights; 0 when not known.
    """
    start = pod_start_seconds(weights_gib) if weights_gib else START_SECONDS
    return ScalingShape(
        prometheus=args.get("prometheus", PROMETHEUS),
        queue_ms=args.get("queue_ms", 200),
        waiting=args.get("waiting", 4),
        kv_percent=args.get("kv_percent", 80),
        tokens_per_second=args.get("tokens_per_second", 0),
        cpu_percent=args.get("cpu_percent", 0),
        gateway_cpu_percent=args.get("gateway_cpu_percent", 70),
        pod_start_seconds=args.get("pod_start_seconds", start),
        calm_seconds=args.get("calm_seconds", CALM_SECONDS),
        fallback_replicas=args.get("fallback_replicas", max(fewest, 1)),
        to_zero=args.get("to_zero", False),
        idle_seconds=args.get("idle_seconds", 900),
    )


def server_resources(args: "LlmServiceArgs") -> list[str]:
    """Resources of the model server that the VPA is asked about."""
    default = [] if args.get("gpus", 0) else ["cpu", "memory"]
    return list(args.get("recommendations", {}).get("server", default))


def gateway_resources(args: "LlmServiceArgs") -> list[str]:
    """Resources of the gateway that the VPA is asked about."""
    return list(args.get("recommendations", {}).get("gateway", ["memory"]))


def scaled_object(shape: ServiceShape, scaling: ScalingShape, namespace: str) -> Spec:
    """KEDA's ScaledObject of a variant's model server.

    A step up adds one pod, or as many again, and the next one waits until those could have
    started: sooner, what waits would be counted once more. A step down takes one pod.
    """
    pace = min(max(scaling.pod_start_seconds, POLL_SECONDS), LONGEST_PERIOD)
    calm = max(scaling.calm_seconds, pace)
    return {
        "scaleTargetRef": _target(shape, Part.SERVER),
        "minReplicaCount": shape.min_replicas,
        "maxReplicaCount": shape.max_replicas,
        "pollingInterval": POLL_SECONDS,
        "cooldownPeriod": scaling.idle_seconds,
        "fallback": {
            "failureThreshold": MISSED_POLLS,
            "replicas": scaling.fallback_replicas,
            # those that are there were needed when somebody last knew
            "behavior": "currentReplicasIfHigher",
        },
        # Nothing that is false by default: KEDA writes the object back without such fields, and the
        # next `up` would put them in again.
        "advanced": {
            "horizontalPodAutoscalerConfig": {
                "behavior": {
                    "scaleUp": {
                        "stabilizationWindowSeconds": 0,
                        "selectPolicy": "Max",
                        "policies": [
                            {"type": "Pods", "value": 1, "periodSeconds": pace},
                            {"type": "Percent", "value": 100, "periodSeconds": pace},
                        ],
                    },
                    "scaleDown": {
                        "stabilizationWindowSeconds": calm,
                        "policies": [{"type": "Pods", "value": 1, "periodSeconds": pace}],
                    },
                }
            },
        },
        "triggers": triggers(shape, scaling, namespace),
    }


def triggers(shape: ServiceShape, scaling: ScalingShape, namespace: str) -> list[Spec]:
    """What KEDA asks; it goes by the one that wants the most pods."""
    mine = f'namespace="{namespace}",service="{shape.service}",variant="{shape.variant.value}"'
    asked: list[tuple[str, str, float]] = []
    if shape.server is ModelServer.TRITON:
        asked += _triton(mine, scaling)
    if shape.server is ModelServer.VLLM:
        asked += _vllm(mine, scaling)
    if scaling.tokens_per_second:
        asked.append(("tokens", tokens_query(shape.server, mine), scaling.tokens_per_second))
    if scaling.to_zero:
        came = f"sum(rate(llm_gateway_requests_total{{{mine}}}[{WINDOW}])) * 60"
        asked.append((WAKING, came, NEVER))
    found = [_prometheus(*each, scaling) for each in asked]
    if scaling.cpu_percent:
        found.append(
            {
                "type": "cpu",
                "name": "cpu",
                "metricType": "Utilization",
                "metadata": {"value": str(scaling.cpu_percent), "containerName": CONTAINER},
            }
        )
    return found


def tokens_query(server: ModelServer, mine: str) -> str:
    """Tokens that a variant makes a second."""
    name = (
        f'llm_gateway_tokens_total{{{mine},type="output"}}'
        if server is ModelServer.TRITON
        else f"vllm:generation_tokens_total{{{mine}}}"
    )
    return f"(sum(rate({name}[{WINDOW}])) or vector(0))"


def _triton(mine: str, scaling: ScalingShape) -> list[tuple[str, str, float]]:
    """Of Triton's own queue, and of one within a model.

    A model that batches by itself is handed every request at once: Triton's queue stays empty.
    """
    queued = f"sum(rate(nv_inference_queue_duration_us{{{mine}}}[{WINDOW}])) / 1000"
    queued_inside = f"sum(rate(llm_queue_seconds_total{{{mine}}}[{WINDOW}])) * 1000"
    done = f"sum(rate(nv_inference_request_success{{{mine}}}[{WINDOW}]))"
    pods = f"count(group by (pod) (nv_inference_request_success{{{mine}}}))"
    pending = f"sum(nv_inference_pending_request_count{{{mine}}})"
    inside = f"sum(llm_waiting_requests{{{mine}}})"
    waiting = f"sum(llm_gateway_queue_depth{{{mine}}})"
    return [
        # an average is no sum; times the pods it is one again once KEDA has divided it
        (
            "queue",
            f"({queued} + ({queued_inside} or vector(0))) / clamp_min({done}, 0.001) * {pods}",
            scaling.queue_ms,
        ),
        (
            "pending",
            f"{pending} + ({inside} or vector(0)) + ({waiting} or vector(0))",
            scaling.waiting,
        ),
    ]


def _vllm(mine: str, scaling: ScalingShape) -> list[tuple[str, str, float]]:
    return [
        ("waiting", f"sum(vllm:num_requests_waiting{{{mine}}})", scaling.waiting),
        ("cache", f"sum(vllm:kv_cache_usage_perc{{{mine}}}) * 100", scaling.kv_percent),
    ]


def _prometheus(name: str, query: str, threshold: float, scaling: ScalingShape) -> Spec:
    return {
        "type": "prometheus",
        "name": name,
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": scaling.prometheus,
            "query": query,
            "threshold": str(int(threshold)),
            # the last pod goes only while no query says more than nothing
            "activationThreshold": "0",
            # no value is a metric that is missing, not a calm service; but without pods there
            # is none to be had
            "ignoreNullValues": "true" if scaling.to_zero else "false",
        },
    }


def _target(shape: ServiceShape, part: Part) -> Spec:
    """What runs the pods of a part."""
    kinds = {
        ServingForm.STATEFUL_SET: ("apps/v1", "StatefulSet"),
        ServingForm.LEADER_WORKER_SET: (GROUPS, "LeaderWorkerSet"),
    }
    deployment = ("apps/v1", "Deployment")
    api_version, kind = kinds.get(shape.form, deployment) if part is Part.SERVER else deployment
    name = part_of(shape.service, shape.variant, part)
    return {"apiVersion": api_version, "kind": kind, "name": name}


def gateway_scaler(shape: ServiceShape, fewest: int, most: int, scaling: ScalingShape) -> Spec:
    """HPA of a variant's gateway: by CPU, which is what it is short of first."""
    return {
        "scaleTargetRef": _target(shape, Part.GATEWAY),
        "minReplicas": fewest,
        "maxReplicas": most,
        "metrics": [
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {
                        "type": "Utilization",
                        "averageUtilization": scaling.gateway_cpu_percent,
                    },
                },
            }
        ],
        "behavior": {
            "scaleDown": {
                "stabilizationWindowSeconds": CALM_SECONDS,
                "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
            }
        },
    }


def recommender(shape: ServiceShape, part: Part, resources: Sequence[str]) -> Spec:
    """A VPA that says what a part should request, and changes nothing."""
    return {
        "targetRef": _target(shape, part),
        "updatePolicy": {"updateMode": "Off"},
        "resourcePolicy": {
            "containerPolicies": [
                {
                    "containerName": CONTAINER,
                    "mode": "Auto",
                    "controlledResources": list(resources),
                    "controlledValues": "RequestsOnly",
                },
                {"containerName": "*", "mode": "Off"},
            ]
        },
    }
