"""The form of a LeaderWorkerSet: one model over several nodes. Pure.

vLLM divides a model's layers between nodes and each layer between the GPUs of a node; Ray, which
is in vLLM's image, starts its workers. The leader answers; workers join it at the address that the
controller puts into ``LWS_LEADER_ADDRESS``.
"""

from typing import Any

from llm_platform.serving.llm_service_shape import ServiceShape
from llm_platform.serving.llm_service_spec import part_labels
from llm_platform.serving.plain_pods import MODELS, pod_spec
from llm_platform.serving.routes import Part
from llm_platform.serving.scaling import GROUPS
from llm_platform.serving.vllm import COMMAND

Spec = dict[str, Any]

API_VERSION = GROUPS
KIND = "LeaderWorkerSet"
ROLE_LABEL = "llm-platform.dev/role"
LEADER = "leader"
WORKER = "worker"
RAY_PORT = 6379


def leader_labels(shape: ServiceShape) -> dict[str, str]:
    """Labels of the pods that answer."""
    return {**part_labels(shape, Part.SERVER), ROLE_LABEL: LEADER}


def leader_worker_set(shape: ServiceShape, account: Any, repository: Any, nodes: int) -> Spec:
    """Groups of pods, each with a leader and a worker on every further node.

    A group lives and dies as a whole: when one pod is started anew, all are.

    Args:
        shape: The variant.
        account: Name of the service account.
        repository: URI of the model's folder.
        nodes: Nodes of a group.
    """
    spec: Spec = {
        "rolloutStrategy": {
            "type": "RollingUpdate",
            "rollingUpdateConfiguration": {"maxUnavailable": 1, "maxSurge": 0},
        },
        "startupPolicy": "LeaderCreated",
        "leaderWorkerTemplate": {
            "size": nodes,
            "restartPolicy": "RecreateGroupOnPodRestart",
            "leaderTemplate": _template(shape, account, repository, nodes, LEADER),
            "workerTemplate": _template(shape, account, repository, nodes, WORKER),
        },
    }
    if not shape.scaled:
        spec["replicas"] = shape.min_replicas
    return spec


def _template(shape: ServiceShape, account: Any, repository: Any, nodes: int, role: str) -> Spec:
    spec = pod_spec(shape, account, repository)
    spec["volumes"] = [*spec["volumes"], {"name": MODELS, "emptyDir": {}}]
    container = spec["containers"][0]
    if role == LEADER:
        serve = " ".join(
            [
                f"exec {' '.join(COMMAND)}",
                *(f"'{arg}'" for arg in container["args"]),
                f"--pipeline-parallel-size={nodes}",
                "--distributed-executor-backend=ray",
            ]
        )
        start = f"ray start --head --port={RAY_PORT}"
        wait = (
            "until python3 -c 'import ray; ray.init(); "
            f"raise SystemExit(len(ray.nodes()) < {nodes})'; do sleep 5; done"
        )
        command = f"{start} && {wait} && {serve}"
    else:
        command = f"exec ray start --block --address=$LWS_LEADER_ADDRESS:{RAY_PORT}"
        for probe in ("startupProbe", "readinessProbe", "livenessProbe", "ports"):
            container.pop(probe, None)
    container["command"] = ["/bin/sh", "-c", command]
    del container["args"]
    labels = (
        leader_labels(shape)
        if role == LEADER
        else {
            **part_labels(shape, Part.SERVER),
            ROLE_LABEL: WORKER,
        }
    )
    return {"metadata": {"labels": labels}, "spec": spec}
