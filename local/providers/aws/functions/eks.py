"""Functions about EKS: add-on versions, clusters, tokens."""

import base64
from typing import Any

from botocore.credentials import Credentials
from botocore.signers import RequestSigner

from local.aws.client import ACCESS_KEY, SECRET_KEY
from local.providers.aws.cloud import Cloud
from local.providers.aws.functions import Function, function
from local.providers.aws.handler import Properties, many
from local.providers.aws.registry import HANDLERS
from local.providers.model import ProviderError

_CLUSTER = HANDLERS["aws:eks/cluster:Cluster"]
_TOKEN_SECONDS = 60
_PREFIX = "k8s-aws-v1."
_HEADER = "x-k8s-aws-id"


@function("addonName", "kubernetesVersion", "mostRecent")
def _addon_version(cloud: Cloud, args: Properties) -> Properties:
    name, version = args["addonName"], args["kubernetesVersion"]
    newest = bool(args.get("mostRecent"))
    answer = cloud.client("eks").describe_addon_versions(addonName=name, kubernetesVersion=version)
    listed = [v for addon in many(answer, "addons") for v in addon["addonVersions"]]
    found = next((v for v in listed if newest or _is_default(v, version)), None)
    if found is None:
        raise ProviderError(f"DescribeAddonVersions: no version of {name} for {version}")
    return {
        "id": name,
        "addonName": name,
        "kubernetesVersion": version,
        "mostRecent": newest,
        "version": found["addonVersion"],
    }


def _is_default(candidate: Any, cluster_version: str) -> bool:
    return any(
        c.get("defaultVersion") and c.get("clusterVersion") == cluster_version
        for c in many(candidate, "compatibilities")
    )


@function("name", "tags")
def _cluster(cloud: Cloud, args: Properties) -> Properties:
    name = args["name"]
    seen = _CLUSTER.read(cloud, name, {})
    if seen is None:
        raise ProviderError(f"DescribeCluster: ResourceNotFoundException: no cluster {name}")
    lists = {
        "accessConfigs": "accessConfig",
        "certificateAuthorities": "certificateAuthority",
        "kubernetesNetworkConfigs": "kubernetesNetworkConfig",
        "upgradePolicies": "upgradePolicy",
        "zonalShiftConfigs": "zonalShiftConfig",
    }
    same = (
        "arn",
        "createdAt",
        "deletionProtection",
        "enabledClusterLogTypes",
        "endpoint",
        "identities",
        "platformVersion",
        "roleArn",
        "status",
        "version",
        "vpcConfig",
    )
    return {
        "id": name,
        "name": name,
        **{key: seen[key] for key in same if seen.get(key) is not None},
        **{key: [seen[single]] if seen.get(single) else [] for key, single in lists.items()},
        "tags": seen["tagsAll"],
    }


@function("name")
def _cluster_auth(cloud: Cloud, args: Properties) -> Properties:
    token = cluster_token(cloud.client("sts"), args["name"])
    return {"id": args["name"], "name": args["name"], "token": token}


def cluster_token(sts: Any, cluster: str) -> str:
    """The token that ``aws eks get-token --cluster-name CLUSTER`` prints.

    Args:
        sts: boto3 client of STS; its endpoint is the one that is signed for.
        cluster: Name of the cluster, which the signature covers.
    """
    meta = sts.meta
    signer: Any = RequestSigner(
        meta.service_model.service_id,
        meta.region_name,
        "sts",
        "v4",
        Credentials(ACCESS_KEY, SECRET_KEY),
        meta.events,
    )
    query = "?Action=GetCallerIdentity&Version=2011-06-15"
    request = {
        "method": "GET",
        "url": f"{meta.endpoint_url.rstrip('/')}/{query}",
        "body": {},
        "headers": {_HEADER: cluster},
        "context": {},
    }
    url: str = signer.generate_presigned_url(
        request, region_name=meta.region_name, expires_in=_TOKEN_SECONDS, operation_name=""
    )
    return _PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


FUNCTIONS: dict[str, Function] = {
    "aws:eks/getAddonVersion:getAddonVersion": _addon_version,
    "aws:eks/getCluster:getCluster": _cluster,
    "aws:eks/getClusterAuth:getClusterAuth": _cluster_auth,
}
