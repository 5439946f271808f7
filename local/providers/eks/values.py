"""The values that `eks.Cluster` works out: kubeconfig and the VPC CNI's configuration."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

CNI_DEFAULTS = {
    "AWS_VPC_ENI_MTU": "9001",
    "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "false",
    "AWS_VPC_K8S_CNI_EXTERNALSNAT": "false",
    "AWS_VPC_K8S_CNI_LOGLEVEL": "DEBUG",
    "AWS_VPC_K8S_CNI_LOG_FILE": "/host/var/log/aws-routed-eni/ipamd.log",
    "AWS_VPC_K8S_CNI_VETHPREFIX": "eni",
    "AWS_VPC_K8S_PLUGIN_LOG_FILE": "/var/log/aws-routed-eni/plugin.log",
    "AWS_VPC_K8S_PLUGIN_LOG_LEVEL": "DEBUG",
    "ENABLE_POD_ENI": "false",
    "WARM_ENI_TARGET": "1",
}
"""Environment of the VPC CNI when its options are left out (as recorded)."""

CNI_VARIABLES = {
    "cniConfigureRpfilter": "AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER",
    "cniCustomNetworkCfg": "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
    "cniExternalSnat": "AWS_VPC_K8S_CNI_EXTERNALSNAT",
    "customNetworkConfig": "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
    "enablePodEni": "ENABLE_POD_ENI",
    "enablePrefixDelegation": "ENABLE_PREFIX_DELEGATION",
    "eniConfigLabelDef": "ENI_CONFIG_LABEL_DEF",
    "eniMtu": "AWS_VPC_ENI_MTU",
    "externalSnat": "AWS_VPC_K8S_CNI_EXTERNALSNAT",
    "logFile": "AWS_VPC_K8S_CNI_LOG_FILE",
    "logLevel": "AWS_VPC_K8S_CNI_LOGLEVEL",
    "nodePortSupport": "AWS_VPC_CNI_NODE_PORT_SUPPORT",
    "pluginLogFile": "AWS_VPC_K8S_PLUGIN_LOG_FILE",
    "pluginLogLevel": "AWS_VPC_K8S_PLUGIN_LOG_LEVEL",
    "vethPrefix": "AWS_VPC_K8S_CNI_VETHPREFIX",
    "warmEniTarget": "WARM_ENI_TARGET",
    "warmIpTarget": "WARM_IP_TARGET",
    "warmPrefixTarget": "WARM_PREFIX_TARGET",
}
"""Option of `vpcCniOptions` to the environment variable that it sets."""


def cni_configuration(options: Mapping[str, Any]) -> str:
    """Configuration of the vpc-cni add-on as JSON with sorted keys."""
    env = dict(CNI_DEFAULTS)
    for option, variable in CNI_VARIABLES.items():
        if options.get(option):
            env[variable] = _text(options[option])
    init_env = {"DISABLE_TCP_EARLY_DEMUX": _text(bool(options.get("disableTcpEarlyDemux")))}

    configuration: dict[str, Any] = dict(options.get("configurationValues") or {})
    if options.get("enableNetworkPolicy") is not None:
        configuration.setdefault("enableNetworkPolicy", _text(options["enableNetworkPolicy"]))
    own_env = cast("dict[str, str] | None", configuration.get("env"))
    configuration["env"] = {**env, **(own_env or {})}
    own_init = configuration.get("init")
    init: dict[str, Any] = dict(cast("dict[str, Any]", own_init)) if own_init else {}
    init["env"] = {**init_env, **init.get("env", {})}
    configuration["init"] = init
    return sorted_json(configuration)


def sorted_json(value: Any) -> str:
    """JSON as the component writes it: keys sorted, no spaces, so that order never differs."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def kubeconfig(name: str, endpoint: str, region: str, certificate_authority: str) -> dict[str, Any]:
    """The kubeconfig of an EKS cluster: its user is whoever `aws eks get-token` says."""
    arguments = [
        "--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json",
    ]  # fmt: skip
    execution = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": arguments,
        "env": [
            {
                "name": "KUBERNETES_EXEC_INFO",
                "value": '{"apiVersion": "client.authentication.k8s.io/v1beta1"}',
            }
        ],
    }
    cluster = {"server": endpoint, "certificate-authority-data": certificate_authority}
    return {
        "apiVersion": "v1",
        "clusters": [{"cluster": cluster, "name": "kubernetes"}],
        "contexts": [{"context": {"cluster": "kubernetes", "user": "aws"}, "name": "aws"}],
        "current-context": "aws",
        "kind": "Config",
        "users": [{"name": "aws", "user": {"exec": execution}}],
    }


def merged(*sources: Any) -> pulumi.Output[dict[str, Any]]:
    """Tags of several sources, the later ones winning; absent sources are passed over."""

    def merge(known: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
        tags: dict[str, Any] = {}
        for source in known:
            tags.update(source or {})
        return tags

    return pulumi.Output.all(*sources).apply(merge)


def present(**values: Any) -> dict[str, Any]:
    """The given values without those that are None."""
    return {key: value for key, value in values.items() if value is not None}


def region_of(arn: str) -> str:
    """Region of an ARN: its fourth field."""
    fields = arn.split(":")
    if len(fields) < 4 or fields[0] != "arn":
        raise ValueError(f"{arn!r} is no ARN")
    return fields[3]


def _text(value: Any) -> str:
    """A value as JavaScript, in which the component is written, prints it."""
    if isinstance(value, bool):
        return str(value).lower()
    # every number arrives as a float
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
