"""A served model's routes and variants in a real API server, and its rollout's program.

The program runs as in a pod: by a token of the service account that `LlmRollout` makes, with the
roles that it makes, so that a right too few shows.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.cli.rollout_program import SERVICES, access_document
from llm_platform.serving import rollout_spec as specs
from llm_platform.serving import routes
from llm_platform.serving.kinds import RolloutStrategy
from llm_platform.serving.routes import STABLE_ONLY, Split, Variant
from local import cloud, toolchain
from local.cloud import LocalCloud
from local.cluster.crds import crds_for, fetch
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api
from local.reporter import LineReporter, QuietReporter

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ROOM, WORKFLOWS = "assistants", "argo-workflows"
GATE = {"name": "errors", "kind": "value", "queries": {"value": "x"}, "limit": 0.1}
GROUP = "rbac.authorization.k8s.io/v1"
MERGE = "application/merge-patch+json"
GATEWAY = f"/apis/{routes.API_VERSION}/namespaces/{ROOM}"
MODELS = f"/apis/serving.kserve.io/v1beta1/namespaces/{ROOM}/inferenceservices"
WANTED_CRDS = {
    "kserve-crd": ("inferenceservices.serving.kserve.io",),
    "gateway-api": (
        "httproutes.gateway.networking.k8s.io", "grpcroutes.gateway.networking.k8s.io",
    ),
    "gateway-helm": ("backendtrafficpolicies.gateway.envoyproxy.io",),
    "argo-workflows": None,
}  # fmt: skip


@contextmanager
def api_server(stack: str, folders: pytest.TempPathFactory) -> Generator[LocalCloud]:
    """A real API server that is a module's own; what it serves is fetched before."""
    names = ("etcd", "kube-apiserver", "kube-controller-manager")
    tools = toolchain.ensure(names, LineReporter())
    fetch(WANTED_CRDS, LineReporter())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMP_STATE", str(folders.mktemp("state")))
        patch.delenv("LLMP_API_PORT", raising=False)
        made, _ = cloud.ensure(stack, "stand-in", tools, LineReporter())
        try:
            yield made
        finally:
            cloud.stop(stack, QuietReporter())


class RolloutWorld:
    """What the tests of one module share."""

    def __init__(self, made: LocalCloud, folder: Path) -> None:
        self.cloud, self.folder = made, folder
        self.access = read_kubeconfig(made.kubeconfig.read_text(encoding="utf-8"))
        self.api = Api(self.access)
        for chart, names in WANTED_CRDS.items():
            for each in crds_for(chart, "").manifests:
                name = each["metadata"]["name"]
                if names is None or name in names:
                    self.put(f"{CRDS}/{name}", each)
        for name in (ROOM, WORKFLOWS):
            self.put(f"/api/v1/namespaces/{name}", _object("v1", "Namespace", name, None))
        self.until(self._served)

    def _served(self) -> bool:
        paths = (f"{GATEWAY}/httproutes", MODELS, self.workflows("workflows"))
        return all(self.api.find(path) is not None for path in paths)

    def workflows(self, plural: str) -> str:
        """Path of Argo's objects where workflows run."""
        return f"/apis/{specs.ARGO}/namespaces/{WORKFLOWS}/{plural}"

    def put(self, path: str, body: dict[str, Any], manager: str = "pulumi") -> dict[str, Any]:
        return self.api.apply(path, body, manager, force=True, dry_run=False)

    def until(self, holds: Callable[[], Any], seconds: float = 30) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            found = holds()
            if found:
                return found
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.1)

    def service(self, name: str, *, candidate: bool = True, ready: bool = True) -> "Served":
        """A served model; Pulumi made its route before there was a candidate."""
        served = Served(self, name)
        served.make(candidate=candidate, ready=ready)
        return served


class Served:
    """One served model, seen by its rollout."""

    def __init__(self, world: RolloutWorld, name: str) -> None:
        self.world, self.name = world, name
        self.route_path = f"{GATEWAY}/httproutes/{name}"
        self.grpc_path = f"{GATEWAY}/grpcroutes/{routes.grpc_route_name(name)}"
        self.settings: dict[str, Any] = {}
        self.use()

    def use(self, **changed: Any) -> None:
        """Other settings from now on."""
        shape = self.shape()
        self.settings = {**json.loads(specs.settings(shape)), **changed}

    def shape(self) -> specs.RolloutShape:
        return specs.RolloutShape(
            service=self.name,
            namespace=ROOM,
            workflow_namespace=WORKFLOWS,
            image="llm-platform/rollout:0.1.0",
            prometheus="http://127.0.0.1:1",
            strategy=RolloutStrategy.CANARY,
            gates=[],
        )

    def make(self, *, candidate: bool, ready: bool) -> None:
        put = self.world.put
        for variant in Variant if candidate else (Variant.STABLE,):
            self.model(variant, ready=ready)
        host = f"{self.name}.models.test"
        gateway = ("kserve", "kserve-ingress-gateway")
        http = routes.route_spec(gateway, host, routes.http_rules(self.name, STABLE_ONLY))
        grpc = routes.route_spec(gateway, f"g.{host}", routes.grpc_rules(self.name, STABLE_ONLY))
        version = routes.API_VERSION
        put(self.route_path, _object(version, routes.HTTP_KIND, self.name, ROOM, spec=http))
        grpc_name = routes.grpc_route_name(self.name)
        put(self.grpc_path, _object(version, routes.GRPC_KIND, grpc_name, ROOM, spec=grpc))
        self.make_rights()

    def make_rights(self) -> None:
        """What `LlmRollout` makes: lease, account, roles, guard."""
        put, shape = self.world.put, self.shape()
        lease = f"{self.name}-rollout"
        path = f"/apis/coordination.k8s.io/v1/namespaces/{ROOM}/leases/{lease}"
        put(path, _object("coordination.k8s.io/v1", "Lease", lease, ROOM))
        account = _object("v1", "ServiceAccount", shape.name, WORKFLOWS)
        account["automountServiceAccountToken"] = True
        put(f"/api/v1/namespaces/{WORKFLOWS}/serviceaccounts/{shape.name}", account)
        self._bind(f"{self.name}-rollout", ROOM, specs.service_rules(shape))
        self._bind(shape.name, WORKFLOWS, specs.workflow_rules(shape))
        guard = _object(
            "batch/v1", "CronJob", shape.name, WORKFLOWS, spec=specs.guard(shape, shape.name)
        )
        put(self.guard_path, guard)

    @property
    def guard_path(self) -> str:
        return f"/apis/batch/v1/namespaces/{WORKFLOWS}/cronjobs/{self.shape().name}"

    def _bind(self, name: str, room: str, rules: list[dict[str, Any]]) -> None:
        role = {**_object(GROUP, "Role", name, room), "rules": rules}
        self.world.put(f"/apis/{GROUP}/namespaces/{room}/roles/{name}", role)
        subject = {
            "kind": "ServiceAccount", "name": self.shape().name, "namespace": WORKFLOWS,
        }  # fmt: skip
        binding = {
            **_object(GROUP, "RoleBinding", name, room),
            "roleRef": {"apiGroup": GROUP.partition("/")[0], "kind": "Role", "name": name},
            "subjects": [subject],
        }
        self.world.put(f"/apis/{GROUP}/namespaces/{room}/rolebindings/{name}", binding)

    def model(self, variant: Variant, *, ready: bool, uri: str = "") -> None:
        """An InferenceService as KServe's controller leaves it."""
        name = routes.inference_service(self.name, variant)
        model = {
            "modelFormat": {"name": "triton"},
            "storageUri": uri or f"s3://models/{variant.value}",
        }
        body = _object(
            "serving.kserve.io/v1beta1",
            "InferenceService",
            name,
            ROOM,
            spec={"predictor": {"model": model}},
        )
        self.world.put(f"{MODELS}/{name}", body)
        self.ready(variant, ready=ready)

    def ready(self, variant: Variant, *, ready: bool) -> None:
        name = routes.inference_service(self.name, variant)
        status = {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
        self.world.api.request(
            "PATCH", f"{MODELS}/{name}/status", body={"status": status}, content_type=MERGE
        )

    def route(self) -> dict[str, Any]:
        return self.world.api.get(self.route_path)

    def split(self) -> Split:
        return routes.split_of(self.route()["spec"]["rules"])

    def grpc_split(self) -> Split:
        return routes.split_of(self.world.api.get(self.grpc_path)["spec"]["rules"])

    def state(self) -> dict[str, Any]:
        text = self.route()["metadata"].get("annotations", {}).get("llm-platform.dev/rollout", "{}")
        return json.loads(text)

    def rules(self, split: Split, manager: str) -> None:
        """Have somebody else write the rules."""
        spec = {"rules": routes.http_rules(self.name, split)}
        body = _object(routes.API_VERSION, routes.HTTP_KIND, self.name, ROOM, spec=spec)
        self.world.put(self.route_path, body, manager)

    def grpc_rules(self, split: Split, manager: str) -> None:
        """The same for gRPC."""
        spec = {"rules": routes.grpc_rules(self.name, split)}
        name = routes.grpc_route_name(self.name)
        body = _object(routes.API_VERSION, routes.GRPC_KIND, name, ROOM, spec=spec)
        self.world.put(self.grpc_path, body, manager)

    def owners(self) -> set[str]:
        """Who owns the list of rules."""
        fields = self.route()["metadata"]["managedFields"]
        return {
            each["manager"] for each in fields
            if "f:rules" in each["fieldsV1"].get("f:spec", {})
        }  # fmt: skip

    def environment(self) -> dict[str, str]:
        """What the program's pod has."""
        account = self.shape().name
        path = f"/api/v1/namespaces/{WORKFLOWS}/serviceaccounts/{account}/token"
        token = self.world.api.request("POST", path, body={"spec": {}})["status"]["token"]
        access = {**access_document(self.world.access), "certificate": "", "token": token}
        file = self.world.folder / f"{self.name}.access.json"
        file.write_text(json.dumps(access), encoding="utf-8")
        return {
            **os.environ,
            "PYTHONPATH": str(SERVICES),
            "ROLLOUT_ACCESS": str(file),
            specs.SETTINGS_VARIABLE: json.dumps(self.settings),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "rollout", *arguments],
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, seconds: float = 60) -> tuple[int, str]:
        """Run one command; returns its exit code and what it said."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=seconds)
        assert "Traceback" not in err, err
        return process.returncode, out + err


def _object(
    version: str, kind: str, name: str, room: str | None, *, spec: Any = None
) -> dict[str, Any]:
    meta = {"name": name} if room is None else {"name": name, "namespace": room}
    found: dict[str, Any] = {"apiVersion": version, "kind": kind, "metadata": meta}
    return found if spec is None else {**found, "spec": spec}
