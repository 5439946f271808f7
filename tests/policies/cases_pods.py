"""Cases of the policies about pods and images: what passes, and changes that do not."""

from typing import Any

from case_parts import (
    CONTAINER,
    CRON_JOB,
    CRON_JOB_TYPE,
    DEPLOYMENT,
    DEPLOYMENT_TYPE,
    ENFORCE,
    FIRST,
    MODEL_SERVICE,
    MODEL_TYPE,
    RELEASE,
    RELEASE_TYPE,
    Break,
    Case,
)
from changes import ABSENT

PODS = (
    Case(
        "pods-privileged",
        "kubernetes:core/v1:Namespace",
        {"metadata": {"name": "team", "labels": {ENFORCE: "restricted"}}},
        (
            Break(f"metadata.labels.'{ENFORCE}'", "privileged", "team is labelled"),
            Break("metadata.labels", ABSENT, "has no label"),
        ),
    ),
    Case(
        "pods-privileged",
        DEPLOYMENT_TYPE,
        DEPLOYMENT,
        (
            Break("spec.template.spec.hostPID", True, "hostPID is true"),
            Break("spec.template.spec.volumes[0].hostPath", {"path": "/"}, "is a hostPath"),
            Break(f"{FIRST}.securityContext.privileged", True, "privileged is true"),
            Break(f"{FIRST}.securityContext.allowPrivilegeEscalation", ABSENT, "is not false"),
            Break(f"{FIRST}.securityContext.runAsUser", 0, "which is root"),
            Break(f"{FIRST}.securityContext.capabilities.add[0]", "SYS_ADMIN", "is SYS_ADMIN"),
        ),
    ),
    Case(
        "pods-privileged",
        CRON_JOB_TYPE,
        CRON_JOB,
        (
            Break(
                "spec.jobTemplate.spec.template.spec.containers[0].securityContext.privileged",
                True,
                "spec.jobTemplate.spec.template.spec.containers[0].securityContext.privileged",
            ),
        ),
    ),
    Case(
        "pods-privileged",
        MODEL_TYPE,
        MODEL_SERVICE,
        (Break("spec.predictor.model.securityContext.privileged", True, "privileged is true"),),
    ),
    Case(
        "pods-limits",
        DEPLOYMENT_TYPE,
        DEPLOYMENT,
        (
            Break(f"{FIRST}.resources.limits.memory", ABSENT, "lacks limits.memory"),
            Break(f"{FIRST}.resources.requests.cpu", ABSENT, "lacks requests.cpu"),
            Break(f"{FIRST}.resources.limits.'nvidia.com/gpu'", 2, "must be equal"),
        ),
    ),
    Case(
        "pods-limits",
        MODEL_TYPE,
        MODEL_SERVICE,
        (Break("spec.predictor.model.resources.limits.memory", ABSENT, "lacks limits.memory"),),
    ),
    Case(
        "pods-limits",
        RELEASE_TYPE,
        RELEASE,
        (Break("values.resources.limits.memory", ABSENT, "values.resources lacks limits.memory"),),
    ),
    Case(
        "images-pinned",
        DEPLOYMENT_TYPE,
        DEPLOYMENT,
        (
            Break(f"{FIRST}.image", "nginx", "is nginx"),
            Break(f"{FIRST}.image", "registry:5000/nginx", "is registry:5000/nginx"),
            Break(f"{FIRST}.image", "nginx:latest", "is nginx:latest"),
        ),
    ),
    Case(
        "images-pinned",
        MODEL_TYPE,
        MODEL_SERVICE,
        (Break("spec.predictor.model.image", "triton:latest", "is triton:latest"),),
    ),
    Case(
        "images-pinned",
        RELEASE_TYPE,
        RELEASE,
        (
            Break("version", ABSENT, "is not set"),
            Break("version", ">=1.0", "no exact version"),
            Break("values.image.tag", "latest", "values.image.tag is latest"),
            Break("values.side.image", "b:latest", "values.side.image is b:latest"),
        ),
    ),
)

DIGEST = "sha256:" + "0" * 64
DIGESTED: dict[str, Any] = {**CONTAINER, "image": f"a:1@{DIGEST}"}
DIGESTED_POD: dict[str, Any] = {
    "initContainers": [DIGESTED],
    "containers": [DIGESTED],
    "ephemeralContainers": [DIGESTED],
}
DIGESTS = (
    Case(
        "images-digest",
        "kubernetes:core/v1:Pod",
        {"spec": DIGESTED_POD},
        (Break("spec.containers[0].image", "a:1", "without a digest"),),
    ),
    Case(
        "images-digest",
        MODEL_TYPE,
        {"spec": {"predictor": {"model": {"image": f"a:1@{DIGEST}"}}}},
        (Break("spec.predictor.model.image", "a:1", "without a digest"),),
    ),
)
