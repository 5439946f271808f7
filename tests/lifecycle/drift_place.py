"""A small stack of the library's components on a local cloud, and hands that change it."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi import ResourceOptions

from infra.cli.engine import Engine
from infra.drift.model import Report
from infra.drift.run import drift_of
from llm_platform import (
    GpuNodePool,
    NatMode,
    Network,
    NodeAutoscaler,
    PrivateBucket,
    TenantNamespace,
)
from llm_platform.ownership import FieldOwner, left_to
from local.aws.client import client
from local.cloud import LocalCloud
from local.providers.kubernetes.access import read_kubeconfig
from local.providers.kubernetes.api import Api

REGION = "eu-central-1"
ZONES = [f"{REGION}a", f"{REGION}b"]
MERGE = "application/merge-patch+json"
KUBECTL = "kubectl-edit"
HPA = "kube-controller-manager"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
ROOM = "/api/v1/namespaces/team"
WEB = "/apis/apps/v1/namespaces/team/deployments/web"
POLICIES = "/apis/networking.k8s.io/v1/namespaces/team/networkpolicies"
SECRET_BEFORE, SECRET_AFTER = "YmVmb3JlLWhhbmQ=", "YWZ0ZXItaGFuZA=="
SECRET_ADDED = "YWRkZWQtYnktaGFuZA=="
ANYWHERE = "0.0.0.0/0"
CONTAINER: Any = {"name": "web", "image": "example.org/web:1"}
ASSUME = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "eks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def nodes(network: Network) -> None:
    """A pool that the Cluster Autoscaler sizes, on a cluster of its own."""
    role = aws.iam.Role("control", assume_role_policy=json.dumps(ASSUME))
    cluster = aws.eks.Cluster(
        "eks", role_arn=role.arn, vpc_config={"subnet_ids": network.private_subnet_ids}
    )
    GpuNodePool(
        "gpu",
        {
            "cluster_name": cluster.name,
            "subnet_ids": network.private_subnet_ids,
            "instance_types": ["g6.2xlarge"],
            "autoscaler": NodeAutoscaler.CLUSTER_AUTOSCALER,
            "min_size": 1,
            "max_size": 4,
        },
    )


def workload(team: TenantNamespace, opts: ResourceOptions) -> None:
    """A Deployment that an HPA scales, and what it reads."""
    room = team.namespace
    kubernetes.core.v1.ConfigMap(
        "settings",
        metadata={"name": "settings", "namespace": room},
        data={"level": "info", "model": "small"},
        opts=opts,
    )
    kubernetes.core.v1.ConfigMap(
        "prompts", metadata={"name": "prompts", "namespace": room}, data={"system": "x"}, opts=opts
    )
    kubernetes.core.v1.Secret(
        "token",
        metadata={"name": "token", "namespace": room},
        data={"token": SECRET_BEFORE},
        opts=opts,
    )
    labels = {"app": "web"}
    kubernetes.apps.v1.Deployment(
        "web",
        metadata={
            "name": "web",
            "namespace": room,
            # no node runs here, so it never gets ready
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        spec={
            "replicas": 2,
            "selector": {"match_labels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [CONTAINER]},
            },
        },
        opts=ResourceOptions.merge(
            opts, ResourceOptions(ignore_changes=left_to(FieldOwner.AUTOSCALER, DEPLOYMENT))
        ),
    )
    kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
        "web",
        metadata={"name": "web", "namespace": room},
        spec={
            "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": "web"},
            "min_replicas": 2,
            "max_replicas": 10,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "average_utilization": 70},
                    },
                }
            ],
        },
        opts=opts,
    )


class Place:
    """The stack under test with its cloud, and hands that change it."""

    def __init__(self, engine: Engine, cloud: LocalCloud, session: ExitStack) -> None:
        self._cloud = cloud
        self._session = session
        self._api = Api(read_kubeconfig(cloud.kubeconfig.read_text()))
        self.engine = replace(engine, program=self._program, policy_packs=())

    def _program(self) -> None:
        network = Network("net", {"cidr": "10.0.0.0/16", "zones": ZONES, "nat": NatMode.SINGLE})
        PrivateBucket("store", {})
        provider = kubernetes.Provider(
            "cluster",
            kubeconfig=pulumi.Output.secret(self._cloud.kubeconfig.read_text()),
            enable_patch_force=True,
        )
        inside = ResourceOptions(provider=provider)
        workload(TenantNamespace("team", {"service_accounts": ["app"]}, inside), inside)
        nodes(network)

    def leave(self) -> None:
        """End the session, so that the command can have the stack."""
        self._session.close()

    def aws(self, service: str) -> Any:
        return client(service, self._cloud.aws_endpoint, REGION)

    def by_hand(self, path: str, change: Mapping[str, Any], manager: str = KUBECTL) -> None:
        self._api.request(
            "PATCH", path, query={"fieldManager": manager}, body=change, content_type=MERGE
        )

    def remove(self, path: str) -> None:
        self._api.request("DELETE", path)

    def get(self, path: str) -> Any:
        return self._api.get(path)

    def ids(self) -> dict[str, str]:
        """Ids in the cloud by ``TYPE NAME``, as in ``Vpc net-vpc``."""
        return {
            f"{r['type'].rpartition(':')[2]} {r['urn'].rpartition('::')[2]}": r["id"]
            for r in self.engine.resources()
            if "id" in r
        }

    def state(self) -> dict[str, str]:
        """Digest of every file in which the engine keeps stacks."""
        folder = self._cloud.engine_folder / "backend" / ".pulumi" / "stacks"
        files = [each for each in folder.rglob("*") if each.is_file()]
        assert files
        return {str(each): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}

    def drift(self) -> Report:
        return drift_of(self.engine, watch)

    def up(self) -> int:
        return self.engine.up(watch, refresh=True).changed


def watch(_: object) -> None:
    """The engine's progress is of no use to these tests."""
